// SPDX-License-Identifier: Apache-2.0
// A chain of records over two files on two volumes, 64 records to one, 64 to the other, and so on.
// A record is written only when the one before it is on the local disk: whoever holds record n and
// lacks an earlier one was not given the writes in their order (guarantee G2).
//
//   chain write FILE FILE RECORDS    writes records 0, 1, ...; stops at a failed write
//   chain check FILE FILE            prints the length of the chain; 1 if records lie beyond a gap
//
// The files exist, have their size and hold zeros where no record is: no allocation of the file
// system is part of the chain.
//
// Why not a record to either in turn: DRBD 8.4.11 acknowledges the barriers of two volumes out of
// order now and then, and gives up its connection ("BAD! BarrierAck #1191 received, expected
// #1190!"). It does so without any proxy, after 400 to 3,000 changes of the volume in guests of one
// slow processor.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kRecordBytes = 4096;
constexpr std::uint64_t kMagic = 0x6c6f6e677468726f;  // "longthro"

struct alignas(4096) Record {
  std::uint64_t magic;
  std::uint64_t number;
  std::array<std::uint64_t, kRecordBytes / 8 - 2> filler;
};
static_assert(sizeof(Record) == kRecordBytes);

Record make(std::uint64_t number) {
  Record record{.magic = kMagic, .number = number, .filler = {}};
  std::uint64_t state = number * 2 + 1;  // incompressible: splitmix64 (Steele, Lea, Flood 2014)
  for (std::uint64_t& word : record.filler) {
    state += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
  return record;
}

int open_or_end(const char* path, int flags) {
  const int fd = ::open(path, flags | O_DIRECT | O_CLOEXEC);
  if (fd < 0) {
    std::perror(path);
    std::exit(2);
  }
  return fd;
}

constexpr std::uint64_t kTurn = 64;  // records

std::size_t file_of(std::uint64_t number) { return number / kTurn % 2; }

off_t place(std::uint64_t number) {
  return static_cast<off_t>((number / kTurn / 2 * kTurn + number % kTurn) * kRecordBytes);
}

int write_chain(const std::array<int, 2>& files, std::uint64_t records) {
  for (std::uint64_t number = 0; number < records; ++number) {
    const Record record = make(number);
    if (::pwrite(files[file_of(number)], &record, kRecordBytes, place(number)) !=
        static_cast<ssize_t>(kRecordBytes)) {
      std::perror("chain: write");
      return 1;
    }
  }
  std::printf("%llu\n", static_cast<unsigned long long>(records));
  return 0;
}

// The first hole ends the chain; any record beyond it is one that overtook another.
int check_chain(const std::array<int, 2>& files) {
  std::uint64_t length = 0;
  std::uint64_t beyond = 0;
  bool hole = false;
  Record found{};
  for (std::uint64_t number = 0;; ++number) {
    const ssize_t got = ::pread(files[file_of(number)], &found, kRecordBytes, place(number));
    if (got < static_cast<ssize_t>(kRecordBytes)) break;
    const Record expected = make(number);
    const bool there = std::memcmp(&found, &expected, kRecordBytes) == 0;
    if (there && hole) ++beyond;
    if (!there) hole = true;
    if (!hole) length = number + 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(length));
  if (beyond != 0) {
    std::printf("%llu records lie beyond the first gap\n", static_cast<unsigned long long>(beyond));
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "write") == 0) {
    return write_chain({open_or_end(argv[2], O_WRONLY), open_or_end(argv[3], O_WRONLY)},
                       std::strtoull(argv[4], nullptr, 10));
  }
  if (argc == 4 && std::strcmp(argv[1], "check") == 0) {
    return check_chain({open_or_end(argv[2], O_RDONLY), open_or_end(argv[3], O_RDONLY)});
  }
  std::fputs("usage: chain write FILE FILE RECORDS | chain check FILE FILE\n", stderr);
  return 2;
}
