// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/sealed_text.h"

#include <gtest/gtest.h>

namespace longthrow {
namespace {

TEST(SealedText, IsReadAsItWasWritten) {
  for (const std::string lines : {"", "one\n", "one\nend 5\n"})
    EXPECT_EQ(unsealed_text(sealed_text(lines)), lines);
}

TEST(SealedText, IsNothingWhenAByteIsMissingAddedOrChanged) {
  const std::string text = sealed_text("one\ntwo\n");
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(unsealed_text(text.substr(0, i))) << i;
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(unsealed_text(changed)) << i;
  }
  EXPECT_FALSE(unsealed_text(text + "\n"));
  EXPECT_FALSE(unsealed_text("one\nend\n"));
}

}  // namespace
}  // namespace longthrow
