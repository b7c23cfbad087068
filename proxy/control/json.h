// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json.hpp>

namespace longthrow {

namespace json = boost::json;

}  // namespace longthrow
