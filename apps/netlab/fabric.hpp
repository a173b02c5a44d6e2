// The network between the hosts, as a computation in its own time: no system call, no clock, no device.
//
//   host a --up--> delay --down--> host b      two links per host, one switch that is never the bottleneck
//
// A host's device hands over a frame at time t. The frame waits for those before it, then crosses the up link
// bit by bit at the link's rate. It travels for the mean of the two hosts' delays, then crosses the
// receiver's down link. It may enter that link before its last bit has arrived. So a single frame on two
// equal links takes bits / rate + delay, and two senders share the down link of one receiver.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "apps/netlab/link.hpp"
#include "apps/netlab/settings.hpp"

namespace pliant::netlab {

class Fabric {
 public:
  /// Called with a frame and the time [ns] when its last bit arrived.
  using Deliver = std::function<void(Frame&&, TimeNs due)>;

  Fabric(int hosts, std::uint64_t seed, Deliver deliver);

  /// Changes a host's links from `now` on; call advance(now) first. Travelling frames keep their delay. A
  /// frame whose links change rate while it passes may be early or late by up to its own transmission time.
  void set(int host, const LinkSettings& settings, TimeNs now);
  const LinkSettings& settings(int host) const { return at(host).settings; }

  /// Takes a frame from a host. Source and destination are set, and `now` is not earlier than in the last
  /// call.
  void send(Frame frame, TimeNs now);
  /// The next time when advance() has work; kNever if no frame travels.
  TimeNs next() const;
  /// Processes all events up to and including `now`, in order, each at its own time.
  void advance(TimeNs now);

  int hosts() const { return static_cast<int>(ends_.size()); }
  const LinkCounts& up_counts(int host) const { return at(host).up.counts(); }
  const LinkCounts& down_counts(int host) const { return at(host).down.counts(); }

 private:
  struct End {
    LinkSettings settings;
    Link up;
    Link down;
  };
  struct Travelling {
    TimeNs arrival;
    std::uint64_t number;  ///< keeps frames in order that arrive at the same time
    mutable Frame frame;   ///< mutable, so that it can be moved out of the queue's top
    bool operator>(const Travelling& other) const {
      return arrival != other.arrival ? arrival > other.arrival : number > other.number;
    }
  };

  const End& at(int host) const { return ends_[static_cast<std::size_t>(host)]; }
  End& at(int host) { return ends_[static_cast<std::size_t>(host)]; }
  void leave(int host);
  void travel(Frame frame, TimeNs departure);
  void arrive();
  TimeNs delay(int source, int destination);

  std::vector<End> ends_;
  std::priority_queue<Travelling, std::vector<Travelling>, std::greater<>> travelling_;
  std::vector<TimeNs> last_arrival_;  ///< [source * hosts + destination]
  std::uint64_t number_ = 0;
  std::mt19937_64 random_;
  Deliver deliver_;
};

}  // namespace pliant::netlab
