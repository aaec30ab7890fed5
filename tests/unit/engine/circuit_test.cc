#include "engine/circuit.h"

#include <gtest/gtest.h>

namespace postrider::testing {
namespace {

constexpr WallTime kWall = from_unix_ms(1'767'225'600'000);
constexpr MonoTime kMono{std::chrono::seconds{1000}};
constexpr double kMiddle = 0.5;  // of the jitter
constexpr DeliveryId kProbe{7};

void fail(Circuit& circuit, int times) {
  for (int i = 0; i < times; ++i) circuit.failed({100 + i}, kWall, kMono, kMiddle);
}

TEST(Circuit, OpensAfterTenFailuresInARowAndProbesFiveSecondsLater) {
  Circuit circuit;
  fail(circuit, 9);
  EXPECT_FALSE(circuit.is_open());
  fail(circuit, 1);
  EXPECT_EQ(circuit.stored(), (OpenCircuit{kWall, kWall + Millis{5000}, Millis{5000}}));
  EXPECT_FALSE(circuit.may_probe(kMono + Millis{4999}));
  EXPECT_EQ(circuit.waits_until(kMono), kMono + Millis{5000});
  EXPECT_TRUE(circuit.may_probe(kMono + Millis{5000}));
}

TEST(Circuit, DoublesTheDelayUpToFiveMinutesWhileProbesFail) {
  Circuit circuit;
  fail(circuit, 10);
  MonoTime now = kMono;
  for (const int seconds : {10, 20, 40, 80, 160, 300, 300}) {
    circuit.probe(kProbe);
    circuit.failed(kProbe, kWall, now, kMiddle);
    circuit.settled(kProbe);
    EXPECT_EQ(circuit.waits_until(now), now + std::chrono::seconds{seconds});
    now += std::chrono::seconds{seconds};
  }
  EXPECT_EQ(circuit.stored()->opened_at, kWall);
}

TEST(Circuit, JittersEveryDelayByAFifth) {
  for (const auto& [unit, wait] : {std::pair{0.0, 4000}, {0.999999, 6000}}) {
    Circuit circuit;
    for (int i = 0; i < 10; ++i) circuit.failed({1}, kWall, kMono, unit);
    EXPECT_EQ(circuit.stored()->next_probe_at, kWall + Millis{wait});
  }
}

TEST(Circuit, SendsOneProbeAtATime) {
  Circuit circuit;
  fail(circuit, 10);
  circuit.probe(kProbe);
  EXPECT_FALSE(circuit.may_probe(kMono + std::chrono::hours{1}));
  EXPECT_FALSE(circuit.waits_until(kMono)) << "it waits for the settlement";
  circuit.settled({8});
  EXPECT_TRUE(circuit.is_probing());
  circuit.settled(kProbe);
  EXPECT_TRUE(circuit.may_probe(kMono + std::chrono::hours{1}));
}

TEST(Circuit, DoesNotMoveWhenRequestsFailThatWentOutBeforeItOpened) {
  Circuit circuit;
  fail(circuit, 10);
  const auto stored = circuit.stored();
  circuit.failed({3}, kWall + Millis{900}, kMono + Millis{900}, kMiddle);
  EXPECT_EQ(circuit.stored(), stored);
}

TEST(Circuit, SendsAtOnceWhatPeopleAskForOneAfterTheOther) {
  Circuit circuit;
  fail(circuit, 10);
  circuit.want({1});
  circuit.want({2});
  circuit.want({1});
  EXPECT_TRUE(circuit.may_probe(kMono));
  circuit.probe({1});
  EXPECT_EQ(circuit.wanted(), DeliveryId{2});
  EXPECT_FALSE(circuit.may_probe(kMono));
  circuit.failed({1}, kWall, kMono, kMiddle);
  EXPECT_EQ(circuit.stored()->probe_delay, Millis{10'000});
  circuit.settled({1});
  EXPECT_TRUE(circuit.may_probe(kMono));
  circuit.drop_wanted();
  EXPECT_FALSE(circuit.may_probe(kMono));
}

TEST(Circuit, GoesOnWhereAProcessBeforeLeftItWhateverTheWallClockDid) {
  const OpenCircuit stored{kWall, kWall + Millis{30'000}, Millis{40'000}};
  EXPECT_EQ(Circuit(17, stored, kWall, kMono).waits_until(kMono), kMono + Millis{30'000});
  EXPECT_TRUE(Circuit(17, stored, kWall + Millis{30'000}, kMono).may_probe(kMono));
  const WallTime behind = kWall - std::chrono::hours{1};
  EXPECT_EQ(Circuit(17, stored, behind, kMono).waits_until(kMono), kMono + Millis{48'000});
  Circuit closed{9, std::nullopt, kWall, kMono};
  fail(closed, 1);
  EXPECT_TRUE(closed.is_open());
}

}  // namespace
}  // namespace postrider::testing
