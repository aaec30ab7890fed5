#include <ostream>

#include "app/postrider/commands.h"

namespace postrider::cli {

void add_version(const Command& root) {
  const Command command = root.add("version", "Print the version", "postrider version");
  command.run([](Io& io) {
    io.out << "postrider " POSTRIDER_VERSION "\n";
    return kExitDone;
  });
}

}  // namespace postrider::cli
