// SPDX-License-Identifier: Apache-2.0
#include "proxy/losses/loss_ledger.h"

#include <utility>

#include "proxy/base/durable_file.h"
#include "proxy/base/log.h"
#include "proxy/base/marks.h"
#include "proxy/base/planted.h"
#include "proxy/base/state_folder.h"

namespace longthrow {
namespace {

constexpr unsigned kMode = 0640;
// Bounds the lines that wait while the disk cannot be written. Beyond it the next write replaces
// the file, from the book.
constexpr std::size_t kAppendBytesMax = 64 * 1024;
// A larger file is written anew at the start.
constexpr std::size_t kFileBytesMax = 1024 * 1024;

}  // namespace

LossLedger::LossLedger(Loop& loop, WorkerPool& workers) : loop_(loop), workers_(workers) {
  timer_.bind<&LossLedger::on_timer>(this);
}

LossLedger::~LossLedger() { loop_.disarm(timer_); }

void LossLedger::open(const std::string& state_dir) {
  path_ = loss_file_of(state_dir);
  const auto text = read_whole_file(path_);
  if (!text) {
    log_warning("the ledger of losses cannot be read: {}", text.error().message);
    set_file_aside(path_, 0);
  }
  LossFileContents contents = parse_loss_file(text.value_or(""));
  if (contents.damaged_lines > 0) set_file_aside(path_, contents.damaged_lines);
  write_all_ = !text || contents.damaged_lines > 0 || contents.kept.since == WallTime{} ||
               text->size() > kFileBytesMax;
  if (contents.kept.since == WallTime{}) contents.kept.since = loop_.wall_now();
  book_.restore(std::move(contents.kept));
  if (contents.last_run == LastRun::carrying && !planted(Plant::kill_unnoticed)) {
    note_reached(Mark::process_was_killed);
    note({.reason = LossReason::node_killed,
          .text = "the last process of this node ended without being stopped: what it had accepted "
                  "and not yet delivered went with it, and how much that was is not known"});
    tell(loop_.now());
    to_append_ += run_line(LastRun::ended, loop_.wall_now());
  }
  write();
}

void LossLedger::set_file_aside(const std::string& path, std::size_t lines) {
  const auto aside = set_aside(path);
  log_warning(
      "the ledger of losses is damaged: {} lines of {} cannot be understood and are left "
      "out; the file as it was is {}",
      lines, path, aside ? *aside : "lost: " + aside.error().message);
}

void LossLedger::note(Loss loss) {
  loss.at = loop_.wall_now();
  book_.note(loop_.now(), std::move(loss));
  arm();
}

void LossLedger::note_carried() {
  if (std::exchange(carrying_, true)) return;
  to_append_ += run_line(LastRun::carrying, loop_.wall_now());
  write();
}

void LossLedger::close(std::function<void()> closed) {
  try_again_at_ = kNever;
  tell(kNever);
  if (carrying_) to_append_ += run_line(LastRun::ended, loop_.wall_now());
  carrying_ = false;
  write();
  closed_ = std::move(closed);
  tell_if_closed();
}

void LossLedger::tell_if_closed() {
  if (!writing_ && closed_) std::exchange(closed_, nullptr)();
}

void LossLedger::arm() {
  const TimePoint due = std::min(book_.due_at(), try_again_at_);
  if (due == kNever) return loop_.disarm(timer_);
  loop_.arm(timer_, due);
}

void LossLedger::on_timer() {
  if (loop_.now() >= try_again_at_) try_again_at_ = kNever;
  tell(loop_.now());
}

void LossLedger::tell(TimePoint until) {
  for (const Loss& loss : book_.take_due(until)) {
    if (!planted(Plant::loss_unwritten)) to_append_ += loss_line(loss);
    if (loss.weight == LossWeight::full) {
      log_warning("{}", describe(loss));
    } else {
      log_info("{} (minor)", describe(loss));
    }
  }
  if (book_.take_forgot() || to_append_.size() > kAppendBytesMax) write_all_ = true;
  write();
  arm();
}

void LossLedger::write() {
  if (writing_ || path_.empty() || try_again_at_ != kNever) return;
  if (!write_all_ && to_append_.empty()) return;
  writing_ = true;
  writing_all_ = std::exchange(write_all_, false);
  written_ = std::exchange(to_append_, {});
  if (writing_all_) {
    written_ = whole_loss_file(book_.all());
    if (carrying_) written_ += run_line(LastRun::carrying, loop_.wall_now());
  }
  if (workers_.threads() > 0) return workers_.submit(*this);
  run();
  finish();
}

// Runs on a worker's thread.
void LossLedger::run() noexcept {
  result_ =
      writing_all_ ? replace_file(path_, written_, kMode) : append_to_file(path_, written_, kMode);
}

void LossLedger::finish() noexcept {
  writing_ = false;
  if (!result_) {
    if (not_kept_.empty())
      log_warning("losses are not kept on the disk: {}", result_.error().message);
    not_kept_ = result_.error().message;
    write_all_ = !planted(Plant::failed_write_dropped);
    try_again_at_ = loop_.now() + kTryAgain;
    arm();
    return tell_if_closed();
  }
  if (!std::exchange(not_kept_, {}).empty()) log_info("losses are kept on the disk again");
  write();
  tell_if_closed();
}

LossReport LossLedger::report(const LossQuery& query) {
  tell(kNever);
  LossReport report = book_.report(query);
  report.not_kept = not_kept_;
  return report;
}

LossSummary LossLedger::summary() const {
  LossSummary summary = book_.summary();
  summary.not_kept = not_kept_;
  return summary;
}

}  // namespace longthrow
