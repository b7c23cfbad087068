// SPDX-License-Identifier: Apache-2.0
// The ledger of losses of a node. Every loss goes through it into the log, the numbers and the
// file. A worker's thread waits for the disk.
#pragma once

#include <functional>
#include <string>

#include "longthrow/loop.h"
#include "longthrow/worker_pool.h"
#include "proxy/losses/loss_book.h"
#include "proxy/losses/loss_file.h"

namespace longthrow {

// Belongs to the loop's thread. If the state directory cannot be written, the ledger holds the
// losses of this process only, and says that they are not kept.
class LossLedger final : private Job {
 public:
  LossLedger(Loop& loop, WorkerPool& workers);
  LossLedger(const LossLedger&) = delete;
  LossLedger& operator=(const LossLedger&) = delete;
  ~LossLedger() override;

  // Reads the file of earlier processes. Blocks on the disk. Call it before the first loss.
  void open(const std::string& state_dir);
  // Sets the number and time of `loss`.
  void note(Loss loss);
  // Some connection has carried bytes. If the process is killed from here on, the next start must
  // say that bytes were lost.
  void note_carried();
  // The node has ended in order: tells the losses that wait. Calls `closed` when they are on the
  // disk or cannot be written, perhaps before this returns.
  void close(std::function<void()> closed);

  [[nodiscard]] LossReport report(const LossQuery& query);
  [[nodiscard]] LossSummary summary() const;

 private:
  // The pause after a failed write. Losses that come meanwhile are written with the next try.
  static constexpr Duration kTryAgain = std::chrono::seconds(30);

  void run() noexcept override;
  void finish() noexcept override;
  void on_timer();
  void tell_if_closed();
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
  bool write_all_ = false;  // the next write replaces the file
  bool carrying_ = false;   // the file says so
  std::string not_kept_;    // why the last write failed
  TimePoint try_again_at_ = kNever;
  std::function<void()> closed_;  // of close()

  // The write under way. These members belong to the worker while writing_ is true.
  bool writing_ = false;
  bool writing_all_ = false;
  std::string written_;
  Result<void> result_;
};

}  // namespace longthrow
