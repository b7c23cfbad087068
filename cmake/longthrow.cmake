# SPDX-License-Identifier: Apache-2.0
# How every target is built: warnings, sanitizers, and the one form of a library (a floor of proxy/).

add_library(longthrow_build INTERFACE)
target_compile_options(longthrow_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wno-missing-field-initializers -fno-omit-frame-pointer -fstack-protector-strong)
if(LONGTHROW_WERROR)
  target_compile_options(longthrow_build INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")  # the std::stable_sort of libstdc++ 12 is deprecated in itself
  target_compile_options(longthrow_build INTERFACE -Wno-deprecated-declarations)
endif()
target_compile_definitions(longthrow_build INTERFACE LONGTHROW_VERSION="${PROJECT_VERSION}")
target_include_directories(longthrow_build INTERFACE
  ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
if(LONGTHROW_SANITIZE STREQUAL "address")
  target_compile_options(longthrow_build INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
    -Wno-maybe-uninitialized)  # g++ 12 sees what its own instrumentation adds (std::regex, Beast)
  target_link_options(longthrow_build INTERFACE -fsanitize=address,undefined)
elseif(LONGTHROW_SANITIZE STREQUAL "thread")
  target_compile_options(longthrow_build INTERFACE -fsanitize=thread)
  target_link_options(longthrow_build INTERFACE -fsanitize=thread)
endif()
if(LONGTHROW_PLANT)
  target_compile_definitions(longthrow_build INTERFACE LONGTHROW_PLANT)
endif()

# What nearly every file includes, parsed once: it halves the build. Sources still include what they
# use; the clang build goes without, and so finds what one forgot.
set(std_headers <algorithm> <array> <chrono> <cstdint> <cstring> <deque> <expected> <functional> <map>
  <memory> <optional> <span> <string> <string_view> <utility> <variant> <vector> <spdlog/fmt/fmt.h>)
find_package(spdlog REQUIRED)
add_library(longthrow_std OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
target_link_libraries(longthrow_std PRIVATE longthrow_build spdlog::spdlog)
target_precompile_headers(longthrow_std PRIVATE ${std_headers})
if(LONGTHROW_TESTS)
  find_package(GTest REQUIRED)
  # A test's own sources run seldom and are compiled often: less optimised, they take a quarter less time.
  add_library(longthrow_test_build INTERFACE)
  target_compile_options(longthrow_test_build INTERFACE $<$<CONFIG:RelWithDebInfo>:-O1>)
  add_library(longthrow_std_test OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
  target_link_libraries(longthrow_std_test PRIVATE longthrow_build longthrow_test_build spdlog::spdlog GTest::gtest)
  target_precompile_headers(longthrow_std_test PRIVATE ${std_headers} <gtest/gtest.h>)
endif()

# A target takes the precompiled headers of all others, or those and one of its own that most of its sources include.
function(longthrow_precompile target all own)
  if(own)
    target_precompile_headers(${target} PRIVATE ${std_headers} <${own}>)
  else()
    target_precompile_headers(${target} REUSE_FROM ${all})
  endif()
endfunction()

# longthrow_library(NAME FILES... LINK lower floors and foreign libraries [HEADER to precompile] [ALONE files...]): one
# folder, one library. A unity build compiles several files as one; those named ALONE clash with others.
function(longthrow_library name)
  cmake_parse_arguments(arg "" "HEADER" "LINK;ALONE" ${ARGN})
  add_library(longthrow_${name} STATIC ${arg_UNPARSED_ARGUMENTS} ${arg_ALONE})
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(longthrow_${name} PUBLIC longthrow_build ${arg_LINK})
  longthrow_precompile(longthrow_${name} longthrow_std "${arg_HEADER}")
endfunction()

# longthrow_test(NAME FILES... LINK libraries [LABEL of the tests] [HEADER to precompile] [ALONE files...]): a GoogleTest program, each case known to ctest.
function(longthrow_test name)
  cmake_parse_arguments(arg "" "LABEL;HEADER" "LINK;ALONE" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS} ${arg_ALONE})
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${name} PRIVATE longthrow_build longthrow_test_build ${arg_LINK} GTest::gtest_main)
  longthrow_precompile(${name} longthrow_std_test "${arg_HEADER}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS ${arg_LABEL})
endfunction()
