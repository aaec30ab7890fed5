# POSTRIDER_SANITIZE holds a list for -fsanitize=, for example "address,undefined".
set(POSTRIDER_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(POSTRIDER_SANITIZE)
  add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-sanitize-recover=all)
  add_compile_options(-fno-omit-frame-pointer)
  add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
endif()
