# SPDX-License-Identifier: Apache-2.0
# Debian wants manual pages and changelogs compressed. Run by cpack on the files before it packs them.
file(GLOB files ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man*/*.[1-8]
  ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/longthrow/changelog*)
foreach(file ${files})
  execute_process(COMMAND gzip --best --no-name --force ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
