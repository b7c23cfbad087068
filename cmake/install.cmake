# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where, beside the programs (their own CMakeLists.txt do that): manual pages, completion,
# examples, and what systemd reads. Paths inside the units follow the prefix that is given when installing.

install(FILES man/longthrow.1 DESTINATION share/man/man1)
install(FILES man/longthrow.toml.5 DESTINATION share/man/man5)
install(FILES man/check_longthrow.8 man/drbd-proxy.8 man/drbd-proxy-ctl.8 man/longthrowd.8 man/wanlink.8
  DESTINATION share/man/man8)

foreach(program longthrow longthrowd drbd-proxy-ctl check_longthrow)
  install(FILES conf/completion/${program}.bash DESTINATION share/bash-completion/completions RENAME ${program})
endforeach()

set(doc_dir share/doc/longthrow)
install(FILES README.md SECURITY.md DESTINATION ${doc_dir})
install(DIRECTORY docs DESTINATION ${doc_dir} FILES_MATCHING PATTERN "*.md")
install(FILES conf/longthrow.toml DESTINATION ${doc_dir}/examples)
install(DIRECTORY conf/examples/ conf/drbd conf/grafana conf/prometheus DESTINATION ${doc_dir}/examples)

install(PROGRAMS conf/ocf/longthrowd DESTINATION lib/ocf/resource.d/longthrow)
install(FILES conf/longthrow.sysusers DESTINATION lib/sysusers.d RENAME longthrow.conf)
install(FILES conf/longthrow.tmpfiles DESTINATION lib/tmpfiles.d RENAME longthrow.conf)
install(FILES conf/longthrow.modules DESTINATION lib/modules-load.d RENAME longthrow.conf)
install(FILES conf/longthrow.target DESTINATION lib/systemd/system)
foreach(template postgresql@ drbd@)
  install(FILES conf/longthrow-order.conf DESTINATION lib/systemd/system/${template}.service.d RENAME longthrow.conf)
endforeach()

# longthrow_unit(NAME CONFIG_DIR FOLDER OF_INSTANCE): a unit made of conf/longthrowd.service.in.
function(longthrow_unit name config_dir folder of_instance)
  install(CODE "
    set(BIN_DIR \"\${CMAKE_INSTALL_PREFIX}/bin\")
    set(CONFIG_DIR \"${config_dir}\")
    set(FOLDER \"${folder}\")
    set(OF_INSTANCE \"${of_instance}\")
    configure_file(\"${PROJECT_SOURCE_DIR}/conf/longthrowd.service.in\" \"${PROJECT_BINARY_DIR}/${name}\" @ONLY)
    file(INSTALL \"${PROJECT_BINARY_DIR}/${name}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system\")")
endfunction()
longthrow_unit(longthrowd.service /etc/longthrow longthrow "")
longthrow_unit(longthrowd@.service /etc/longthrow/%i longthrow/%i ", instance %i")
