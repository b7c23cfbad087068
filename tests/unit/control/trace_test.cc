// SPDX-License-Identifier: Apache-2.0
// The trace of a control plane over a fake node, on a real disk.
#include <filesystem>
#include <fstream>
#include <thread>

#include "proxy/trace/timeline.h"
#include "tests/unit/control/control_fixture.h"

namespace longthrow::test {
namespace {

namespace fs = std::filesystem;

class TraceOfNode : public ControlTest {
 protected:
  TraceOfNode() {
    state_dir_ = directory_ / "state";
    fs::create_directory(state_dir_);
  }
  trace::TraceBook book() {
    trace::TraceBook book([](const trace::Block&) { return true; });
    const fs::path folder = fs::path(state_dir_) / "trace";
    for (const auto& entry : fs::directory_iterator(folder)) book.add(read_text(entry.path()));
    book.finish();
    return book;
  }
  // Of the link, on the disk, when it was asked for; at most 10 s.
  bool comes(std::uint64_t seconds) {
    for (int i = 0; i < 100; ++i) {
      answer_ = ask(R"({"command":"trace"})");
      const trace::TraceBook all = book();
      if (all.links().contains("dr") && all.links().at("dr").seconds() >= seconds) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  json::object answer_;
};

TEST_F(TraceOfNode, IsOnTheDiskWhenItWasAskedFor) {
  node_.current.links["dr"].buffer.full = true;
  start();
  ASSERT_TRUE(comes(2));
  EXPECT_EQ(answer_.at("ok"), true);
  EXPECT_EQ(std::string(answer_.at("folder").as_string()), state_dir_ + "/trace");
  EXPECT_EQ(answer_.at("not_kept"), "");
  const trace::TraceBook all = book();
  EXPECT_EQ(all.damaged(), 0U);
  EXPECT_EQ(all.links().at("dr").rows[0][trace::Column::full_s], 1U);
}

TEST_F(TraceOfNode, AStopWritesWhatIsLeftAndTheNextProcessIsARunOfItsOwn) {
  start();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  control_.reset();
  EXPECT_GE(book().links().at("dr").seconds(), 1U);
  start();
  const std::uint64_t before = book().links().at("dr").seconds();
  ASSERT_TRUE(comes(before + 1));
  const trace::TraceBook all = book();
  const auto& rows = all.links().at("dr").rows;
  EXPECT_NE(rows.front().run, rows.back().run);
}

TEST_F(TraceOfNode, ADiskThatCannotBeWrittenIsSaid) {
  std::ofstream(fs::path(state_dir_) / "trace") << "in the way";
  start();
  const json::object answer = ask(R"({"command":"trace"})");
  EXPECT_EQ(answer.at("ok"), true);
  EXPECT_NE(answer.at("not_kept"), "");
}

TEST_F(TraceOfNode, WithoutAStateFolderThereIsNone) {
  state_dir_.clear();
  start();
  EXPECT_EQ(ask(R"({"command":"trace"})").at("ok"), false);
}

}  // namespace
}  // namespace longthrow::test
