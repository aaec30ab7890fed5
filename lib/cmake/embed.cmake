# postrider_embed_sql(TARGET INPUT file.sql OUTPUT header NAMESPACE ns)
# Makes of every "-- name: some_query" block a constant kSomeQuery, at build time.
function(postrider_embed_sql target)
  cmake_parse_arguments(ARG "" "INPUT;OUTPUT;NAMESPACE" "" ${ARGN})
  set(header ${CMAKE_BINARY_DIR}/generated/${ARG_OUTPUT})
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${ARG_INPUT} -DOUTPUT=${header}
            -DNAMESPACE=${ARG_NAMESPACE} -P ${CMAKE_SOURCE_DIR}/lib/cmake/embed_sql.cmake
    DEPENDS ${ARG_INPUT} ${CMAKE_SOURCE_DIR}/lib/cmake/embed_sql.cmake
    COMMENT "Embedding ${ARG_INPUT}"
  )
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/generated)
endfunction()

# postrider_embed_files(TARGET OUTPUT header NAMESPACE ns NAME kFiles FILES absolute paths ...)
# Makes an array of {file name, text} in the order given.
function(postrider_embed_files target)
  cmake_parse_arguments(ARG "" "OUTPUT;NAMESPACE;NAME" "FILES" ${ARGN})
  set(header ${CMAKE_BINARY_DIR}/generated/${ARG_OUTPUT})
  string(REPLACE ";" "|" files "${ARG_FILES}")
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" -DOUTPUT=${header}
            -DNAMESPACE=${ARG_NAMESPACE} -DNAME=${ARG_NAME} -P
            ${CMAKE_SOURCE_DIR}/lib/cmake/embed_files.cmake
    DEPENDS ${ARG_FILES} ${CMAKE_SOURCE_DIR}/lib/cmake/embed_files.cmake
    COMMENT "Embedding ${ARG_OUTPUT}"
    VERBATIM
  )
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PUBLIC ${CMAKE_BINARY_DIR}/generated)
endfunction()
