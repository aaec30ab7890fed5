#include "app/postrider/database_address.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace postrider::cli {
namespace {

constexpr std::array<std::string_view, 2> kSchemes{"postgresql://", "postgres://"};
/// Keywords with which a connection string of libpq usually begins.
constexpr std::array<std::string_view, 6> kKeywords{
    "host", "hostaddr", "port", "dbname", "user", "password"};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

/// The parts of a URL of the form scheme://[user[:password]@]host[:port][,...][/database][?query].
struct UrlParts {
  std::string_view user_info;  ///< without its @; empty when there is none
  std::string_view hosts;
  std::string_view path;  ///< with its /
  std::string_view query;
};

UrlParts parts_of(std::string_view url) {
  UrlParts parts;
  url.remove_prefix(url.find("://") + 3);
  if (const auto mark = url.find('?'); mark != std::string_view::npos) {
    parts.query = url.substr(mark + 1);
    url = url.substr(0, mark);
  }
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    parts.path = url.substr(slash);
    url = url.substr(0, slash);
  }
  if (const auto at = url.find('@'); at != std::string_view::npos) {
    parts.user_info = url.substr(0, at);
    url.remove_prefix(at + 1);
  }
  parts.hosts = url;
  return parts;
}

bool is_percent_encoded(std::string_view text) {
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
  }
  return true;
}

/// Whether the port of each host in the list is numeric or missing.
bool has_plain_ports(std::string_view hosts) {
  while (true) {
    const auto comma = hosts.find(',');
    std::string_view host = hosts.substr(0, comma);
    if (const auto bracket = host.rfind(']'); bracket != std::string_view::npos)
      host.remove_prefix(bracket + 1);
    if (const auto colon = host.find(':'); colon != std::string_view::npos) {
      const std::string_view port = host.substr(colon + 1);
      if (!std::all_of(port.begin(), port.end(), is_digit)) return false;
    }
    if (comma == std::string_view::npos) return true;
    hosts.remove_prefix(comma + 1);
  }
}

/// libpq ends the password at an unexpected character and would quote the rest in its error
/// message.
Status check_url(std::string_view url) {
  const UrlParts parts = parts_of(url);
  const bool is_split = parts.hosts.find('@') != std::string_view::npos ||
                        parts.path.find('@') != std::string_view::npos ||
                        !has_plain_ports(parts.hosts);
  if (is_split) {
    return fail(
        Errc::kInvalidArgument,
        "the PostgreSQL URL cannot be read: write : / ? # @ and % of a user name or password as "
        "%3A %2F %3F %23 %40 %25, and the port in digits"
    );
  }
  if (!is_percent_encoded(url)) {
    return fail(
        Errc::kInvalidArgument,
        "the PostgreSQL URL cannot be read: a % must be followed by two hexadecimal digits (%25 is "
        "%)"
    );
  }
  return {};
}

bool begins_with_scheme(std::string_view db) {
  const auto end = std::find_if_not(db.begin(), db.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return end != db.end() && *end == ':' && is_letter(db.front());
}

bool begins_with_keyword(std::string_view db) {
  const std::string_view word = db.substr(0, std::min(db.find('='), db.size()));
  return word.size() < db.size() &&
         std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
}

}  // namespace

bool is_postgres_url(std::string_view db) {
  return std::any_of(kSchemes.begin(), kSchemes.end(), [db](std::string_view scheme) {
    return db.starts_with(scheme);
  });
}

Status check_database_address(std::string_view db) {
  if (db.empty()) return fail(Errc::kInvalidArgument, "names no database");
  if (is_postgres_url(db)) return check_url(db);
  if (begins_with_keyword(db)) {
    return fail(
        Errc::kInvalidArgument,
        "a PostgreSQL database is written postgresql://user:password@host:5432/database"
    );
  }
  if (begins_with_scheme(db) || db.find("://") != std::string_view::npos) {
    return fail(
        Errc::kInvalidArgument,
        "neither a file nor a PostgreSQL URL, which begins with postgresql:// (a file whose name "
        "holds a colon is written ./NAME)"
    );
  }
  return {};
}

bool has_password(std::string_view db) {
  if (!is_postgres_url(db)) return false;
  const UrlParts parts = parts_of(db);
  // The name of a setting may be percent-encoded, too.
  return parts.user_info.find(':') != std::string_view::npos ||
         parts.query.find("password=") != std::string_view::npos ||
         parts.query.find('%') != std::string_view::npos;
}

std::string shown_database(std::string_view db) {
  if (!is_postgres_url(db)) return std::string{db};
  const UrlParts parts = parts_of(db);
  std::string shown{kSchemes.front()};
  if (!parts.user_info.empty())
    shown.append(parts.user_info.substr(0, parts.user_info.find(':'))).append("@");
  return shown.append(parts.hosts).append(parts.path);
}

}  // namespace postrider::cli
