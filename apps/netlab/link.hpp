// One direction of one cable: frames leave one after the other at a rate, from a queue with an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "apps/netlab/units.hpp"

namespace pliant::netlab {

/// An Ethernet frame as a TAP device hands it over: perhaps a chain of TCP segments in one (TSO).
struct Frame {
  std::shared_ptr<std::byte[]> data;
  std::uint32_t bytes = 0;       ///< in data
  std::uint32_t wire_bytes = 0;  ///< what the segments would fill on a wire, preambles and gaps included
  int source = 0;
  int destination = 0;         ///< kEveryone: all but the source
  TimeNs transmission_ns = 0;  ///< how long the sender's link took
};
inline constexpr int kEveryone = -1;

struct LinkCounts {
  std::int64_t frames = 0;  ///< left the link
  std::int64_t wire_bytes = 0;
  std::int64_t dropped = 0;
  std::int64_t most_queued_bytes = 0;
};

class Link {
 public:
  /// What is being sent goes on at the new rate [bit/s]; 0 stops it where it is.
  void set_rate(double bits_per_s, TimeNs now);
  /// Room for frames that wait or are being sent [wire byte]; one always fits. What is waiting stays.
  void set_queue_bytes(std::int64_t bytes) { room_bytes_ = bytes; }

  /// False: no room, the frame is lost. `earliest` (<= now) is when its first bit could have been sent, had
  /// the link been idle then.
  bool push(Frame frame, TimeNs now, TimeNs earliest);
  /// When the frame in front has left; kNever if there is none or the link is cut.
  TimeNs next() const { return waiting_.empty() ? kNever : finish_; }
  /// The frame that has left at next().
  Frame pop();

  double rate() const { return bits_per_s_; }
  const LinkCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    Frame frame;
    TimeNs earliest;
  };
  void begin(TimeNs time);

  double bits_per_s_ = 1e9;
  std::int64_t room_bytes_ = 1 << 20;
  std::deque<Waiting> waiting_;
  std::int64_t queued_bytes_ = 0;
  TimeNs finish_ = 0;        ///< of the frame in front; of the last one if there is none
  double stopped_bits_ = 0;  ///< left of the frame in front when the link was cut
  LinkCounts counts_;
};

}  // namespace pliant::netlab
