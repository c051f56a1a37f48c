# Debian packages: ghost (command line, documents), ghost-broker, ghost-relay, ghost-runner.
# `make deb` builds them; deploy/debian/try installs, starts, removes and purges them in a scratch root.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ghost)
set(CPACK_PACKAGE_VENDOR Ghost)
set(CPACK_PACKAGE_CONTACT "Ghost maintainers <ghost@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR}/packages)
set(CPACK_COMPONENTS_ALL cli broker relay runner)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "https://example.org/ghost")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

set(CPACK_DEBIAN_CLI_PACKAGE_NAME ghost)
set(CPACK_DEBIAN_CLI_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_CLI_PACKAGE_RECOMMENDS "ghost-broker, ghost-relay, ghost-runner")
set(CPACK_COMPONENT_CLI_DESCRIPTION "patch execution farm: command line
Ghost takes a patch over HTTP, applies it to a git base on one of any number
of hosts, runs gates in a sandbox and gives back a recorded verdict.

This package holds the ghost command and the documents.")
set(about_broker "queue and registry")
set(about_relay "HTTP gateway")
set(about_runner "applies patches and runs their gates")
foreach(service broker relay runner)
  string(TOUPPER ${service} S)
  set(CPACK_DEBIAN_${S}_PACKAGE_NAME ghost-${service})
  set(CPACK_DEBIAN_${S}_PACKAGE_SECTION devel)
  set(CPACK_DEBIAN_${S}_PACKAGE_DEPENDS adduser)
  set(CPACK_COMPONENT_${S}_DESCRIPTION "patch execution farm: ${about_${service}}
Ghost takes a patch over HTTP, applies it to a git base on one of any number
of hosts, runs gates in a sandbox and gives back a recorded verdict.

This package holds the ${service} as a service of systemd.")
  set(made ${CMAKE_CURRENT_BINARY_DIR}/debian/${service})
  foreach(script postinst prerm postrm)
    configure_file(debian/${script}.in ${made}/${script} @ONLY FILE_PERMISSIONS
      OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
  file(WRITE ${made}/conffiles "/etc/ghost/${service}.env\n")
  set(CPACK_DEBIAN_${S}_PACKAGE_CONTROL_EXTRA ${made}/postinst ${made}/prerm ${made}/postrm ${made}/conffiles)
  install(FILES debian/${service}.env DESTINATION /etc/ghost COMPONENT ${service} EXCLUDE_FROM_ALL)
endforeach()
set(CPACK_DEBIAN_RUNNER_PACKAGE_DEPENDS git)

string(TIMESTAMP stamp "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(pair cli:ghost broker:ghost-broker relay:ghost-relay runner:ghost-runner)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/debian/${component})
  file(WRITE ${made}/changelog.Debian "${package} (${PROJECT_VERSION}-1) unstable; urgency=medium\n\n"
       "  * See CHANGELOG.md in package ghost.\n\n -- Ghost maintainers <ghost@localhost>  ${stamp}\n")
  execute_process(COMMAND gzip -9nkf ${made}/changelog.Debian)
  install(FILES ${made}/changelog.Debian.gz debian/copyright DESTINATION share/doc/${package}
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

include(CPack)
