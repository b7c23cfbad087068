# SPDX-License-Identifier: Apache-2.0
# The Debian package: `tools/dev package`, or `cpack -G DEB` in a build folder whose prefix is /usr.

set(LONGTHROW_PACKAGE_RELEASE 1 CACHE STRING "The package's own number behind the version: 1 in 0.1.0-1")
set(LONGTHROW_PACKAGE_MAINTAINER "The Longthrow maintainers <maintainers@longthrow.example>" CACHE STRING
  "Who answers for the package")

set(package_dir ${PROJECT_BINARY_DIR}/package)
string(TIMESTAMP PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, if it is set
configure_file(cmake/package/changelog.in ${package_dir}/changelog.Debian @ONLY)
configure_file(cmake/package/copyright ${package_dir}/copyright COPYONLY)
install(FILES ${package_dir}/copyright ${package_dir}/changelog.Debian DESTINATION share/doc/longthrow COMPONENT debian
  EXCLUDE_FROM_ALL)
install(FILES CHANGELOG.md DESTINATION share/doc/longthrow RENAME changelog COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES conf/longthrow.needrestart DESTINATION /etc/needrestart/conf.d RENAME longthrow.conf COMPONENT debian
  EXCLUDE_FROM_ALL)
install(FILES cmake/package/lintian-overrides DESTINATION share/lintian/overrides RENAME longthrow COMPONENT debian
  EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME longthrow)
set(CPACK_PACKAGE_VENDOR Longthrow)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_SET_DESTDIR ON)  # so that the prefix written into the units is /usr
set(CPACK_INSTALL_PREFIX /usr)
# One package of two parts: what every installation has, and what only a Debian package has.
set(CPACK_INSTALL_CMAKE_PROJECTS
  "${PROJECT_BINARY_DIR};longthrow;Unspecified;/;${PROJECT_BINARY_DIR};longthrow;debian;/")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package/compress.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE ${LONGTHROW_PACKAGE_RELEASE})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${LONGTHROW_PACKAGE_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, python3, drbd-utils, postgresql")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "long-throw replication buffer for DRBD and PostgreSQL")
set(CPACK_PACKAGE_DESCRIPTION
  "A pair of daemons, one at each site, carries replication traffic over a WAN.
At the primary site longthrowd takes writes off the replication socket at
memory speed and holds them in RAM; it compresses, encrypts and sends them as
the link allows. At the other site it hands them over in the order in which
they were written. A cut of the WAN costs time only.
.
It carries the streams of DRBD (protocol A), in the place of DRBD Proxy, of
PostgreSQL, and any other TCP replication stream. The buffer exists only in
RAM: docs/GUARANTEES.md says what is lost with a host, and what never is.
.
Nothing is started before /etc/longthrow/longthrow.toml is written, and an
upgrade does not restart a running daemon: longthrow status says that a
restart is pending.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(scripts ${PROJECT_SOURCE_DIR}/cmake/package)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${scripts}/postinst ${scripts}/prerm ${scripts}/postrm
  ${scripts}/conffiles)
include(CPack)
