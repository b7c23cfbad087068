// SPDX-License-Identifier: Apache-2.0
// One answer: from a flag, from somebody at a terminal, or a default.
#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "longthrow/error.h"

namespace longthrow::cli {

struct Question {
  std::string flag;                  // "--peer"
  std::string text;                  // "The name of the peer's node"
  std::optional<std::string> usual;  // the answer if none is given; none: an answer is needed
};

class Questions {
 public:
  // `in`: where answers are typed; null: nobody is there, and only flags and defaults count.
  Questions(std::istream* in, std::ostream& out) : in_(in), out_(out) {}

  [[nodiscard]] bool asks() const { return in_ != nullptr; }

  // `given`: what the flag says; "": nothing. A wrong flag is an error; a wrong answer is asked for
  // again.
  template <typename T>
  Result<T> answer(const Question& question, const std::string& given,
                   const std::function<Result<T>(const std::string&)>& parse) {
    if (!given.empty()) return of_flag<T>(question, parse(given));
    if (!asks()) {
      if (!question.usual) return missing(question);
      return of_flag<T>(question, parse(*question.usual));
    }
    for (;;) {
      const Result<std::string> typed = type(question);
      if (!typed) return std::unexpected(typed.error());
      Result<T> parsed = parse(*typed);
      if (parsed) return parsed;
      out_ << "  " << parsed.error().message << "\n";
    }
  }
  void say(const std::string& text) {
    if (asks()) out_ << text << "\n";
  }

 private:
  template <typename T>
  static Result<T> of_flag(const Question& question, Result<T> parsed) {
    if (parsed) return parsed;
    return fail(question.flag + ": " + parsed.error().message);
  }
  static std::unexpected<Error> missing(const Question& question) {
    return fail(question.flag + " is missing: " + question.text +
                ". Without a terminal nothing is asked");
  }
  // A line, or the usual answer.
  Result<std::string> type(const Question& question) {
    for (;;) {
      out_ << question.text;
      if (question.usual && !question.usual->empty()) out_ << " [" << *question.usual << "]";
      out_ << ": " << std::flush;
      std::string line;
      if (!std::getline(*in_, line)) return fail("the answers have ended; nothing was written");
      const std::size_t first = line.find_first_not_of(" \t\r");
      if (first != std::string::npos) {
        return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
      }
      if (question.usual) return *question.usual;
    }
  }

  std::istream* in_;
  std::ostream& out_;
};

}  // namespace longthrow::cli
