// SPDX-License-Identifier: Apache-2.0
// A range of address space of which a growing front part may be used. Move-only; unmapped when
// destroyed.
#pragma once

#include <cstddef>

#include "longthrow/bytes.h"
#include "longthrow/error.h"

namespace longthrow {

class Reservation {
 public:
  // Takes `bytes` (a multiple of the page size) of address space. It costs no memory and is not
  // counted as committed before `open` says so.
  [[nodiscard]] static Result<Reservation> make(std::size_t bytes);
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  // Makes the first `bytes` usable; they read as zero. Never takes anything back. On failure
  // nothing changes. REQUIRES: bytes <= size().
  [[nodiscard]] Result<void> open(std::size_t bytes);
  // Gives the memory under [offset, offset + bytes) back to the system; it reads as zero
  // afterwards.
  void discard(std::size_t offset, std::size_t bytes);
  // Keeps what is open, and what will be opened, out of swap.
  [[nodiscard]] Result<void> lock();
  void exclude_from_dumps();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_bytes_; }
  [[nodiscard]] std::size_t opened() const { return open_bytes_; }
  [[nodiscard]] bool locked() const { return locked_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::size_t open_bytes_ = 0;
  bool locked_ = false;
};

// Under AddressSanitizer: any use of `bytes` by the program is reported until they are unpoisoned.
void poison(ByteView bytes);
void unpoison(ByteView bytes);

}  // namespace longthrow
