# postrider_library(NAME SOURCES ... [LINKS public targets ...] [PRIVATE_LINKS targets ...])
# One static library per module, known to others as postrider::NAME. Its LINKS are the arrows of
# docs/ARCHITECTURE.md.
function(postrider_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "postrider_library(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_library(postrider_${name} STATIC ${ARG_SOURCES})
  add_library(postrider::${name} ALIAS postrider_${name})
  target_include_directories(postrider_${name} PUBLIC ${CMAKE_SOURCE_DIR}/lib)
  target_link_libraries(
    postrider_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS} postrider_warnings
  )
endfunction()

# postrider_test(NAME SOURCES ... LINKS ... [LABELS ...] [POSTGRES])
# One GoogleTest program; each of its tests is a CTest test. POSTGRES: with the PostgreSQL server of
# the CTest run (tests/support).
function(postrider_test name)
  cmake_parse_arguments(ARG "POSTGRES" "" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(
    ${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main postrider_warnings
  )
  if(POSTRIDER_SANITIZE)
    # Optimising what only calls the code under test costs more time than it saves.
    target_compile_options(${name} PRIVATE -O0)
  endif()
  set(properties TIMEOUT 120 LABELS "${ARG_LABELS}")
  if(ARG_POSTGRES)
    target_link_libraries(${name} PRIVATE postgres_test_support)
    add_dependencies(${name} pg_server)
    list(APPEND properties FIXTURES_REQUIRED postgres)
    list(APPEND properties ENVIRONMENT POSTRIDER_TEST_POSTGRES=${POSTRIDER_POSTGRES_STATE})
  endif()
  # What ./test --quick builds: it runs the tests with these labels.
  if("${ARG_LABELS}" MATCHES "^(unit|contract|tidy)$")
    add_dependencies(quick_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES ${properties})
endfunction()
