# POSTRIDER_SANITIZE holds a list for -fsanitize=, for example "address,undefined".
set(POSTRIDER_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(POSTRIDER_SANITIZE)
  add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-sanitize-recover=all)
  add_compile_options(-fno-omit-frame-pointer)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 takes members of libstdc++'s own std::function for uninitialised when it instruments.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
endif()
