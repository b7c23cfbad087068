// SPDX-License-Identifier: Apache-2.0
// The ledger of losses of a node: every loss goes through here, into the log, the numbers and the
// file. The disk is waited for on a worker's thread.
#pragma once

#include <string>

#include "longthrow/loop.h"
#include "longthrow/worker_pool.h"
#include "proxy/losses/loss_book.h"
#include "proxy/losses/loss_file.h"

namespace longthrow {

// Belongs to the loop's thread. Without a folder that can be written it holds what this process has
// lost, and says that it is not kept.
class LossLedger final : private Job {
 public:
  LossLedger(Loop& loop, WorkerPool& workers);
  LossLedger(const LossLedger&) = delete;
  LossLedger& operator=(const LossLedger&) = delete;
  ~LossLedger() override;

  // Reads what earlier processes have left. Blocks on the disk; before the first loss.
  void open(const std::string& state_dir);
  // `loss` without its number and time.
  void note(Loss loss);
  // Some connection has carried bytes: a process that is killed from here on has lost what it held.
  void note_carried();
  // The node has ended in order: tells what waits. It is on the disk when idle().
  void close();
  [[nodiscard]] bool idle() const { return !writing_; }

  [[nodiscard]] LossReport report(const LossQuery& query);
  [[nodiscard]] LossSummary summary() const;

 private:
  // After a failure; what is lost meanwhile is written with it.
  static constexpr Duration kTryAgain = std::chrono::seconds(30);

  void run() noexcept override;
  void finish() noexcept override;
  void on_timer();
  void tell(TimePoint until);
  void write();
  void arm();
  void set_file_aside(const std::string& path, std::size_t lines);

  Loop& loop_;
  WorkerPool& workers_;
  Timer timer_;
  LossBook book_;
  std::string path_;        // "": not open
  std::string to_append_;   // not yet on the disk
  bool write_all_ = false;  // the file is to be written anew
  bool carrying_ = false;   // it was said in the file
  std::string not_kept_;    // why the last writing failed
  TimePoint try_again_at_ = kNever;

  // Of the writing under way: the worker's.
  bool writing_ = false;
  bool writing_all_ = false;
  std::string written_;
  Result<void> result_;
};

}  // namespace longthrow
