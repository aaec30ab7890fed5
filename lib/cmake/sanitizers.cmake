# POSTRIDER_SANITIZE holds a list for -fsanitize=, for example "address,undefined".
set(POSTRIDER_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(POSTRIDER_SANITIZE)
  add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
endif()
