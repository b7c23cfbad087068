// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_sources.h"

namespace longthrow::sim {
namespace {

struct Silence {
  void drop(int) {}
};

}  // namespace

SimSources::SimSources(SimNetwork& network, SimLoop& loop, const std::string& name, Reach reach)
    : network_(network),
      world_(network.world()),
      loop_(loop),
      random_(world_.stream("sources." + name)),
      reach_(reach) {}

Duration SimSources::moment() {
  return random_.log_between(Duration(1), Duration(std::chrono::microseconds(20)));
}

void SimSources::collect(SourceCollect& collect) {
  collect.operation.mark_started();
  collect.readings.clear();
  collect.began = loop_.now();
  read_queue(collect, 0);
}

void SimSources::read_queue(SourceCollect& collect, std::size_t step) {
  if (step == kPasses * collect.sockets.size()) return end(collect);
  SourceSocket& socket = collect.sockets[step % collect.sockets.size()];
  SourceReading reading{.channel = socket.channel, .state = SourceState::elsewhere};
  const NetId found = network_.find_socket(socket.source, socket.leg);
  if (reach_ == Reach::here && found == kNoNet)
    reading.state = socket.cookie != 0 ? SourceState::gone : SourceState::elsewhere;
  if (reach_ == Reach::here && found != kNoNet) {
    socket.cookie = static_cast<std::uint64_t>(found);
    reading.state = SourceState::open;
    reading.queued = static_cast<std::int32_t>(network_.stats(found).unacknowledged_bytes);
  }
  in_flight_[&collect] = world_.schedule_after(
      moment(), "sources.read",
      [this, &collect, step, reading] { read_acknowledged(collect, step, reading); });
}

void SimSources::read_acknowledged(SourceCollect& collect, std::size_t step,
                                   SourceReading reading) {
  const auto socket = static_cast<NetId>(collect.sockets[step % collect.sockets.size()].cookie);
  if (reading.state == SourceState::open) {
    reading.acknowledged = network_.acknowledged_bytes(socket);
    if (network_.has_ended(socket)) reading.state = SourceState::closing;
  }
  collect.readings.push_back(reading);
  in_flight_[&collect] = world_.schedule_after(
      moment(), "sources.next", [this, &collect, step] { read_queue(collect, step + 1); });
}

void SimSources::end(SourceCollect& collect) {
  in_flight_[&collect] = EventId{};
  loop_.post([this, &collect] {
    in_flight_.erase(&collect);
    collect.ended = loop_.now();
    collect.operation.complete(0);
  });
}

void SimSources::kill() {
  for (auto& [collect, event] : in_flight_) {
    world_.cancel(event);
    Silence silence;
    collect->operation.bind<&Silence::drop>(&silence);
    collect->operation.complete(-ECANCELED);
  }
  in_flight_.clear();
}

}  // namespace longthrow::sim
