#include "store/copy/copy.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "crypto/hash.h"
#include "store/copied_tables.h"
#include "store/copy/row_check.h"
#include "store/copy/table_digest.h"
#include "store/postgres/copy_target.h"
#include "store/sqlite/copy_source.h"

namespace postrider::copy {
namespace {

using postgres::CopyBatch;
using postgres::CopyMark;
using postgres::CopyTarget;
using sqlite::CopySource;

/// Rows between two calls of ShowProgress.
constexpr std::int64_t kRowsPerProgress = 4096;

/// Returns whether the last transaction of the copy writes the table. Before that, rows of `outbox`
/// come from producers, and `meta` is the schema's own.
bool is_of_the_end(const CopiedTable& table) {
  return table.name == "outbox" || table.name == "meta";
}

std::string sentence(const std::string& what, std::string_view table) {
  return what + " the table " + std::string{table};
}

/// Makes one copy. Owned by one thread.
class Copier {
 public:
  Copier(CopySource& source, CopyTarget& target, const ShowProgress& show, ChunkLimits chunk)
      : source_(source), target_(target), show_(show), chunk_(chunk) {}

  Result<Copied> run() {
    const Status status = look_at_target().and_then([this] { return read_source(); }
    ).and_then([this] {
       return begin();
     }).and_then([this] {
         return copy_tables();
       }).and_then([this] {
           return verify_tables();
         }).and_then([this] { return finish(); });
    if (!status && differs_) return begin_anew_next_time(status.error());
    if (!status) return tl::unexpected<Error>(status.error());
    Copied copied{.start = start_, .tables = {}};
    for (std::size_t i = 0; i < digests_.size(); ++i)
      copied.tables.push_back({copied_tables()[i].name, digests_[i].rows});
    return copied;
  }

 private:
  /// Checks that the schema accepts this copy.
  [[nodiscard]] Status look_at_target();
  [[nodiscard]] Status refuse_rows_and_nodes();
  [[nodiscard]] Status read_source();
  [[nodiscard]] Status read_table(const CopiedTable& table);
  /// Returns a number that is computed from the checksums of all tables.
  [[nodiscard]] std::int64_t fingerprint() const;
  [[nodiscard]] Status begin();
  [[nodiscard]] Status copy_tables();
  /// Passes the rows after the first `skip` to `write`, in chunks.
  [[nodiscard]] Status copy_rows(
      std::size_t number, std::int64_t skip, const std::function<Status(const CopyBatch&)>& write
  );
  [[nodiscard]] Status write_chunk(const CopyBatch& batch);
  [[nodiscard]] Status verify_tables();
  [[nodiscard]] Status verify(std::size_t number);
  [[nodiscard]] Status finish();
  [[nodiscard]] Status write_the_end();
  /// Marks the copy so that the next call starts again, because the existing rows would still
  /// differ.
  [[nodiscard]] tl::unexpected<Error> begin_anew_next_time(Error error);
  void show(Phase phase, std::size_t number, std::int64_t rows, bool done) const;

  CopySource& source_;
  CopyTarget& target_;
  const ShowProgress& show_;
  const ChunkLimits chunk_;
  std::vector<TableDigest> digests_;  // of the source, in the order of copied_tables()
  CopyMark mark_;
  std::optional<CopyMark> found_;  // the mark of an earlier call
  Start start_ = Start::kNew;
  bool differs_ = false;  // rows of the copy differ from the source
};

void Copier::show(Phase phase, std::size_t number, std::int64_t rows, bool done) const {
  if (!show_) return;
  const std::int64_t total = number < digests_.size() ? digests_[number].rows : 0;
  show_(
      {.phase = phase,
       .table = copied_tables()[number].name,
       .rows = rows,
       .rows_total = total,
       .table_done = done}
  );
}

Status Copier::look_at_target() {
  const auto salt = source_.id_salt();
  if (!salt) return tl::unexpected<Error>(salt.error());
  mark_.salt = *salt;
  const auto found = target_.mark();
  if (!found) return tl::unexpected<Error>(found.error());
  found_ = *found;
  if (!found_) return refuse_rows_and_nodes();
  if (found_->salt == mark_.salt) return {};
  return fail(
      Errc::kConflict,
      "the schema " + target_.schema() + " holds an unfinished copy of another database"
  );
}

Status Copier::refuse_rows_and_nodes() {
  const auto salt = target_.id_salt();
  if (!salt) return tl::unexpected<Error>(salt.error());
  for (const CopiedTable& table : copied_tables()) {
    if (table.name == "meta") continue;
    const auto has_rows = target_.has_rows(table);
    if (!has_rows) return tl::unexpected<Error>(has_rows.error());
    if (!*has_rows) continue;
    const std::string schema = "the schema " + target_.schema();
    return fail(
        Errc::kConflict,
        *salt == mark_.salt ? schema + " holds a finished copy of this database already"
                            : sentence(schema + " is not empty, there are rows in", table.name) +
                                  ": a copy goes into an empty schema"
    );
  }
  return {};
}

Status Copier::read_source() {
  for (const CopiedTable& table : copied_tables()) {
    if (auto read = read_table(table); !read) return read;
  }
  mark_.content = fingerprint();
  return {};
}

Status Copier::read_table(const CopiedTable& table) {
  const std::size_t number = digests_.size();
  TableDigester digester;
  Status read = source_.each(table, 0, [&](CellRow row) {
    auto checked = check_row(table, row);
    if (!checked) return checked;
    digester.add(row);
    if (digester.rows() % kRowsPerProgress == 0) show(Phase::kRead, number, digester.rows(), false);
    return checked;
  });
  if (!read) return read;
  digests_.push_back(digester.finish());
  show(Phase::kRead, number, digests_.back().rows, true);
  return {};
}

std::int64_t Copier::fingerprint() const {
  std::string all;
  for (const TableDigest& digest : digests_) all += digest.sha256;
  const std::string hash = crypto::sha256(all);
  std::uint64_t number = 0;
  for (const char byte : hash.substr(0, sizeof(number)))
    number = number << 8U | static_cast<unsigned char>(byte);
  // Never 0, which marks a copy that has to start again.
  return static_cast<std::int64_t>(number >> 1U | 1U);
}

Status Copier::begin() {
  if (found_) start_ = found_->content == mark_.content ? Start::kResumed : Start::kAnew;
  return target_.begin()
      .and_then([this] { return found_ ? Status{} : target_.keep_nodes_out(); })
      .and_then([this] { return target_.set_mark(mark_); })
      .and_then([this] { return start_ == Start::kAnew ? target_.remove_rows() : Status{}; })
      .and_then([this] { return target_.commit(); });
}

Status Copier::copy_tables() {
  for (std::size_t i = 0; i < copied_tables().size(); ++i) {
    const CopiedTable& table = copied_tables()[i];
    if (is_of_the_end(table)) continue;
    // Chunks are written in key order, so the existing rows are the first ones.
    const auto there = start_ == Start::kResumed ? target_.count(table) : Result<std::int64_t>{0};
    if (!there) return tl::unexpected<Error>(there.error());
    const auto write = [this](const CopyBatch& batch) { return write_chunk(batch); };
    if (auto copied = copy_rows(i, *there, write); !copied) return copied;
  }
  return {};
}

Status Copier::copy_rows(
    std::size_t number, std::int64_t skip, const std::function<Status(const CopyBatch&)>& write
) {
  const CopiedTable& table = copied_tables()[number];
  CopyBatch batch(table);
  std::int64_t rows = skip;
  const auto flush = [&]() -> Status {
    if (batch.rows() == 0) return {};
    if (auto written = write(batch); !written) {
      Error error = written.error();
      error.context = sentence("cannot write", table.name) + ": " + error.context;
      // Rows that this copy has not written already exist.
      differs_ = error.code == Errc::kConflict;
      return tl::unexpected<Error>(std::move(error));
    }
    rows += static_cast<std::int64_t>(batch.rows());
    batch.clear();
    show(Phase::kCopy, number, rows, false);
    return {};
  };
  Status read = source_.each(table, skip, [&](CellRow row) -> Status {
    std::size_t bytes = 0;
    for (const Cell& cell : row) bytes += cell.bytes.size();
    if (batch.rows() >= chunk_.rows_max || batch.bytes() + bytes > chunk_.bytes_max) {
      if (auto flushed = flush(); !flushed) return flushed;
    }
    batch.add(row);
    return {};
  });
  if (!read) return read;
  if (auto flushed = flush(); !flushed) return flushed;
  show(Phase::kCopy, number, rows, true);
  return {};
}

Status Copier::write_chunk(const CopyBatch& batch) {
  Status status = target_.begin().and_then([&] { return target_.write(batch); }
  ).and_then([&] { return target_.commit(); });
  if (!status) target_.rollback();
  return status;
}

Status Copier::verify_tables() {
  for (std::size_t i = 0; i < copied_tables().size(); ++i) {
    if (is_of_the_end(copied_tables()[i])) continue;
    if (auto verified = verify(i); !verified) return verified;
  }
  return {};
}

Status Copier::verify(std::size_t number) {
  const CopiedTable& table = copied_tables()[number];
  const TableDigest& wanted = digests_[number];
  TableDigester digester;
  Status read = target_.each(table, [&](CellRow row) {
    digester.add(row);
    if (digester.rows() % kRowsPerProgress == 0)
      show(Phase::kVerify, number, digester.rows(), false);
  });
  if (!read) return read;
  const TableDigest found = digester.finish();
  show(Phase::kVerify, number, found.rows, true);
  if (found == wanted) return {};
  differs_ = true;
  std::string why = sentence("the copy of", table.name) + " differs: ";
  why += found.rows == wanted.rows ? "its rows are not those of the source"
                                   : "it has " + std::to_string(found.rows) + " rows instead of " +
                                         std::to_string(wanted.rows);
  return fail(Errc::kCorrupt, std::move(why));
}

Status Copier::finish() {
  Status status = target_.begin().and_then([this] { return write_the_end(); }
  ).and_then([this] { return target_.commit(); });
  if (!status) target_.rollback();
  return status;
}

tl::unexpected<Error> Copier::begin_anew_next_time(Error error) {
  const CopyMark restarted{.salt = mark_.salt, .content = 0};
  const Status marked = target_.begin().and_then([&] { return target_.set_mark(restarted); }
  ).and_then([&] { return target_.commit(); });
  error.code = Errc::kCorrupt;
  error.context += "; the copy is not finished";
  error.context += marked ? ", the same command starts it again" : ": " + marked.error().context;
  return tl::unexpected<Error>(std::move(error));
}

Status Copier::write_the_end() {
  const auto& tables = copied_tables();
  if (auto locked = target_.lock_outbox(); !locked) return locked;
  if (auto removed = target_.remove_meta(); !removed) return removed;
  const auto write = [this](const CopyBatch& batch) { return target_.write(batch); };
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!is_of_the_end(tables[i])) continue;
    const auto has_rows = tables[i].name == "outbox" ? target_.has_rows(tables[i]) : false;
    if (!has_rows) return tl::unexpected<Error>(has_rows.error());
    if (*has_rows) {
      return fail(
          Errc::kBusy,
          "a producer has inserted rows into outbox of the schema " + target_.schema() +
              " before the copy was finished: take them out and go on with the same command"
      );
    }
    if (auto copied = copy_rows(i, 0, write); !copied) return copied;
    if (auto verified = verify(i); !verified) return verified;
  }
  for (const CopiedTable& table : tables) {
    if (!table.draws_ids) continue;
    if (auto continued = target_.continue_ids(table); !continued) return continued;
  }
  return target_.remove_mark();
}

}  // namespace

Result<Copied> copy_database(
    const std::string& from,
    const std::string& url,
    const ShowProgress& show,
    const ChunkLimits& chunk
) {
  auto source = CopySource::open(from);
  if (!source) return tl::unexpected<Error>(std::move(source).error());
  auto target = CopyTarget::open(url);
  if (!target) return tl::unexpected<Error>(std::move(target).error());
  return Copier(**source, **target, show, chunk).run();
}

}  // namespace postrider::copy
