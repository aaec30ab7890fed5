#include "store/sqlite/version.h"

#include "store/sqlite/sqlite_db.h"

namespace postrider::sqlite {

std::string library_version() { return sqlite3_libversion(); }

}  // namespace postrider::sqlite
