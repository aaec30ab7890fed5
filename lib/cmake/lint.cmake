# With POSTRIDER_LINT every file is also checked by clang-tidy as it is compiled. The checksum of
# the configuration is part of the command, so a change of .clang-tidy checks everything again.
option(POSTRIDER_LINT "Run clang-tidy on every file that is compiled" OFF)
if(POSTRIDER_LINT)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.clang-tidy)
  file(SHA256 ${CMAKE_SOURCE_DIR}/.clang-tidy lint_checksum)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy-14 --quiet --extra-arg=-DPOSTRIDER_LINT_${lint_checksum})
endif()
