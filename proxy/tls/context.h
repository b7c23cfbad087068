// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "longthrow/error.h"
#include "proxy/tls/connection.h"

namespace longthrow {

// TLS 1.3 with the material of `links`, none of them plain. Fails when OpenSSL refuses a
// certificate.
[[nodiscard]] Result<std::shared_ptr<const EndContext>> make_client_context(
    std::shared_ptr<const LinkMaterial> link);
[[nodiscard]] Result<std::shared_ptr<const EndContext>> make_server_context(LinkMaterials links);

}  // namespace longthrow
