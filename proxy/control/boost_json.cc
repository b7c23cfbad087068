// SPDX-License-Identifier: Apache-2.0
// Boost.JSON compiled from its headers, once for all: no library package is needed to build or run.
#include <boost/json/src.hpp>
