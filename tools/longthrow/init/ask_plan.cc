// SPDX-License-Identifier: Apache-2.0
#include "tools/longthrow/init/ask_plan.h"

#include <sstream>

#include "longthrow/config.h"
#include "proxy/base/log.h"
#include "proxy/config/units.h"
#include "tools/longthrow/init/memlimit_proposal.h"

namespace longthrow::cli {
namespace {

using OptionalAddress = std::optional<HostPort>;
using OptionalRate = std::optional<std::uint64_t>;

constexpr const char* kUsualOutage = "10m";

Result<OptionalAddress> parse_optional_address(const std::string& text) {
  if (text.empty()) return OptionalAddress{};
  Result<HostPort> address = parse_wan_address(text);
  if (!address) return std::unexpected(address.error());
  return OptionalAddress(*std::move(address));
}

Result<std::vector<Stream>> parse_streams(const std::string& text) {
  std::vector<Stream> streams;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    Result<Stream> stream = parse_stream(word);
    if (!stream) return std::unexpected(stream.error());
    streams.push_back(*std::move(stream));
  }
  if (streams.empty()) return fail("nothing is replicated");
  return streams;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Whoever is known to be reachable is dialled.
std::string usual_dials(const InitOptions& options) {
  return options.address.empty() && !options.peer_address.empty() ? "here" : "peer";
}

Result<OptionalRate> parse_optional_rate(const std::string& text) {
  if (text.empty()) return OptionalRate{};
  Result<std::uint64_t> rate = parse_rate(text);
  if (!rate) return std::unexpected(rate.error());
  if (*rate == 0) return OptionalRate{};  // "unlimited" says nothing
  return OptionalRate(*rate);
}

class Asker {
 public:
  Asker(const InitOptions& options, Questions& questions, const MemoryLimits& machine)
      : options_(options), questions_(questions), machine_(machine) {}

  Result<PlanWithReason> ask(const std::string& host_name) {
    if (auto got = names(host_name); !got) return std::unexpected(got.error());
    if (auto got = ways(); !got) return std::unexpected(got.error());
    if (auto got = what(); !got) return std::unexpected(got.error());
    if (auto good = check_plan(out_.plan); !good) return std::unexpected(good.error());
    if (auto got = memlimit(); !got) return std::unexpected(got.error());
    return std::move(out_);
  }

 private:
  Result<void> names(const std::string& host_name) {
    const auto parse = [](const std::string& text) { return parse_node_name(text); };
    const std::optional<std::string> usual =
        parse_node_name(host_name) ? std::optional(host_name) : std::nullopt;
    if (auto got = take<std::string>({"--name", "The name of this site's node", usual},
                                     options_.name, parse, out_.plan.name);
        !got) {
      return got;
    }
    return take<std::string>({"--peer", "The name of the peer's node", {}}, options_.peer, parse,
                             out_.plan.peer_name);
  }

  Result<void> ways() {
    if (auto got = take<Dials>(
            {"--dials", "Who dials over the WAN: here, peer or both (one open port is enough)",
             usual_dials(options_)},
            options_.dials, [](const std::string& text) { return parse_dials(text); },
            out_.plan.dials);
        !got) {
      return got;
    }
    if (auto got = address(Site::here, "--address", options_.address, out_.plan.address); !got)
      return got;
    return address(Site::peer, "--peer-address", options_.peer_address, out_.plan.peer_address);
  }

  Result<void> address(Site site, const std::string& flag, const std::string& given,
                       OptionalAddress& into) {
    const std::string of = site == Site::here ? "this site" : "the peer";
    Question question{flag, format("The address of {} over the WAN, e.g. 192.0.2.1:7700", of), {}};
    if (!out_.plan.accepts(site)) {
      if (site == Site::here && given.empty()) return {};  // nobody asks for it
      question = {flag, format("The address of {}, for the firewall here (Enter: not known)", of),
                  ""};
    }
    return take<OptionalAddress>(question, given, parse_optional_address, into);
  }

  Result<void> what() {
    if (auto got = take<std::vector<Stream>>(
            {"--replicate",
             "What is replicated: drbd:RESOURCE:PORT, postgresql[:NAME:PORT] or tcp:NAME:PORT",
             {}},
            joined(options_.replicate), parse_streams, out_.plan.streams);
        !got) {
      return got;
    }
    if (!out_.plan.has_server()) {
      if (options_.server.empty()) return {};
      return fail("--server: DRBD has none: both sites dial each other");
    }
    return take<Site>(
        {"--server",
         "Where is the program that accepts connections (PostgreSQL: the primary): "
         "here or peer",
         "here"},
        options_.server, [](const std::string& text) { return parse_site(text); },
        out_.plan.server);
  }

  Result<void> memlimit() {
    std::uint64_t& into = out_.plan.memlimit;
    Sizing sizing{.machine = machine_};
    if (options_.memlimit.empty()) {
      if (auto got = sizes(sizing); !got) return got;
      Proposal proposal = propose_memlimit(sizing);
      questions_.say("A buffer of " + proposal.why + ".");
      into = proposal.memlimit;
      out_.memlimit_why = std::move(proposal.why);
    }
    const std::string usual = into == 0 ? "1GiB" : show_size(into);
    const std::uint64_t proposed = into;
    auto got = take<std::uint64_t>({"--memlimit", "memlimit, the RAM for the buffer", usual},
                                   options_.memlimit, parse_memlimit, into);
    if (into != proposed) out_.memlimit_why.clear();
    return got;
  }

  Result<void> sizes(Sizing& sizing) {
    if (auto got = rate("--writes", "", options_.writes, sizing.writes); !got) return got;
    if (auto got = rate("--bandwidth", "What the WAN carries, e.g. 100mbit (Enter: not known)",
                        options_.bandwidth, sizing.bandwidth);
        !got) {
      return got;
    }
    if (!sizing.writes && !sizing.bandwidth) {
      if (options_.outage.empty()) return {};
      return fail("--outage says nothing without --bandwidth or --writes");
    }
    return take<Duration>(
        {"--outage", "The longest outage to survive without slowing the source", kUsualOutage},
        options_.outage, [](const std::string& text) { return parse_duration(text); },
        sizing.outage);
  }

  // `text`: "": it is not asked for.
  Result<void> rate(const std::string& flag, const std::string& text, const std::string& given,
                    OptionalRate& into) {
    if (text.empty() && given.empty()) return {};
    return take<OptionalRate>({flag, text, ""}, given, parse_optional_rate, into);
  }

  template <typename T>
  Result<void> take(const Question& question, const std::string& given,
                    const std::function<Result<T>(const std::string&)>& parse, T& into) {
    Result<T> answer = questions_.answer<T>(question, given, parse);
    if (!answer) return std::unexpected(answer.error());
    into = *std::move(answer);
    return {};
  }

  const InitOptions& options_;
  Questions& questions_;
  const MemoryLimits& machine_;
  PlanWithReason out_;
};

}  // namespace

Result<std::uint64_t> parse_memlimit(const std::string& text) {
  Result<std::uint64_t> size = parse_size(text);
  if (size && *size < kMemlimitMin)
    return fail(format("{} is too little: {} at least", text, show_size(kMemlimitMin)));
  return size;
}

Result<PlanWithReason> ask_plan(const InitOptions& options, Questions& questions,
                                const std::string& host_name, const MemoryLimits& machine) {
  return Asker(options, questions, machine).ask(host_name);
}

}  // namespace longthrow::cli
