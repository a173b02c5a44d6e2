// The network between the hosts, as a computation in its own time: no system call, no clock, no device.
//
//   host a --up--> delay --down--> host b      two links per host, one switch that is never the bottleneck
//
// A frame that is read from a host's device at time t leaves its up link after those before it, one bit after
// the other at the link's rate; travels for the mean of the two hosts' delays; and passes the receiver's down
// link, which it enters while it still arrives (its first bit need not wait for its last). So a frame alone
// on two equal links takes bits / rate + delay, and two senders share the down link of one receiver.
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
  /// Called with a frame and the time [ns] at which its last bit has arrived.
  using Deliver = std::function<void(Frame&&, TimeNs due)>;

  Fabric(int hosts, std::uint64_t seed, Deliver deliver);

  /// New settings of a host's links, from `now` on; advance(now) comes before. What travels keeps the delay
  /// it set out with, and a frame whose links' rates change while it passes may come early or late by up to
  /// its own transmission.
  void set(int host, const LinkSettings& settings, TimeNs now);
  const LinkSettings& settings(int host) const { return at(host).settings; }

  /// A host hands over a frame: source and destination are set, `now` is not before the last call's.
  void send(Frame frame, TimeNs now);
  /// When advance() has something to do next; kNever if nothing is under way.
  TimeNs next() const;
  /// Everything that happens up to and at `now`, in order, each at its own time.
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
    std::uint64_t number;  ///< keeps the order of frames that arrive at once
    mutable Frame frame;   ///< moved out of the queue's top
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
