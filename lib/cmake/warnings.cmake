# Warnings of our own targets. Third-party headers come from the system's include directories
# and are not checked.
add_library(postrider_warnings INTERFACE)
target_compile_options(
  postrider_warnings
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wconversion
            -Wsign-conversion
            -Wshadow
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Wimplicit-fallthrough
            -Wswitch-enum
            -Werror=unused-result
            $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
            # GCC 12 at -O3 takes `string = "literal"` for an overlapping copy (GCC bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            $<$<BOOL:${POSTRIDER_WARNINGS_AS_ERRORS}>:-Werror>
)
