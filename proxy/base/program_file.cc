// SPDX-License-Identifier: Apache-2.0
#include "proxy/base/program_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "proxy/base/log.h"

namespace longthrow {
namespace {

constexpr const char* kThisProcess = "/proc/self/exe";

bool same_content(const std::string& a, const std::string& b) {
  std::ifstream first(a, std::ios::binary);
  std::ifstream second(b, std::ios::binary);
  using Bytes = std::istreambuf_iterator<char>;
  return first && second && std::equal(Bytes(first), Bytes(), Bytes(second), Bytes());
}

}  // namespace

bool ProgramFile::Stamp::same(const Stamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
}

ProgramFile ProgramFile::of_this_process() {
  std::error_code error;
  return {kThisProcess, std::filesystem::read_symlink(kThisProcess, error).string()};
}

ProgramFile::ProgramFile(std::string running, std::string path)
    : running_(std::move(running)), path_(std::move(path)) {}

std::optional<ProgramFile::Stamp> ProgramFile::stamp_of(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Stamp{status.st_dev, status.st_ino, status.st_size, status.st_ctim};
}

std::string ProgramFile::replaced() {
  if (path_.empty()) return {};  // no /proc: nothing can be said
  const auto here = stamp_of(path_);
  if (!here) return format("{} is not on the disk any more", path_);
  if (judged_ && judged_->same(*here)) return verdict_;
  judged_ = here;
  const auto running = stamp_of(running_);
  const bool same = running && (running->same(*here) ||
                                (running->size == here->size && same_content(running_, path_)));
  verdict_ = same ? "" : format("{} was replaced by another program since the start", path_);
  return verdict_;
}

}  // namespace longthrow
