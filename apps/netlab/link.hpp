// One direction of a cable: frames leave in order at a rate, from a queue of limited length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "apps/netlab/units.hpp"

namespace pliant::netlab {

/// An Ethernet frame from a TAP device. It may be a chain of TCP segments (TSO).
struct Frame {
  std::shared_ptr<std::byte[]> data;
  std::uint32_t bytes = 0;       ///< length of data
  std::uint32_t wire_bytes = 0;  ///< length of the segments on a wire, preambles and gaps included
  int source = 0;
  int destination = 0;         ///< kEveryone: all hosts but the source
  TimeNs transmission_ns = 0;  ///< time on the sender's link
};
inline constexpr int kEveryone = -1;

struct LinkCounts {
  std::int64_t frames = 0;  ///< that left the link
  std::int64_t wire_bytes = 0;
  std::int64_t dropped = 0;
  std::int64_t most_queued_bytes = 0;
};

class Link {
 public:
  /// Changes the rate [bit/s], also of the frame being sent. 0 stops that frame where it is.
  void set_rate(double bits_per_s, TimeNs now);
  /// Room for frames that wait or are being sent [wire byte]; one frame always fits. Waiting frames stay.
  void set_queue_bytes(std::int64_t bytes) { room_bytes_ = bytes; }

  /// Returns false if there is no room: the frame is lost. `earliest` (<= now) is when its first bit could
  /// have been sent on an idle link.
  bool push(Frame frame, TimeNs now, TimeNs earliest);
  /// When the front frame will have left; kNever if there is none or the link is cut.
  TimeNs next() const { return waiting_.empty() ? kNever : finish_; }
  /// Takes the frame that left at next().
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
  TimeNs finish_ = 0;        ///< end of the front frame; without one, of the last frame
  double stopped_bits_ = 0;  ///< rest of the front frame when the link was cut
  LinkCounts counts_;
};

}  // namespace pliant::netlab
