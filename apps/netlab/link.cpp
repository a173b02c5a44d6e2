#include "apps/netlab/link.hpp"

#include <algorithm>
#include <utility>

namespace pliant::netlab {
namespace {

TimeNs duration(double bits, double bits_per_s) {
  return static_cast<TimeNs>(bits / bits_per_s * kNsPerS + 0.5);
}

double bits_of(const Frame& frame) {
  return 8.0 * frame.wire_bytes;
}

}  // namespace

/// Starts sending the front frame at `time`.
void Link::begin(TimeNs time) {
  const double bits = bits_of(waiting_.front().frame);
  if (bits_per_s_ > 0) {
    finish_ = time + duration(bits, bits_per_s_);
  } else {
    finish_ = kNever;
    stopped_bits_ = bits;
  }
}

void Link::set_rate(double bits_per_s, TimeNs now) {
  if (bits_per_s == bits_per_s_) return;
  if (!waiting_.empty()) {
    if (bits_per_s_ > 0)
      stopped_bits_ = std::max(0.0, static_cast<double>(finish_ - now)) / kNsPerS * bits_per_s_;
    finish_ = bits_per_s > 0 ? now + duration(stopped_bits_, bits_per_s) : kNever;
  }
  bits_per_s_ = bits_per_s;
}

bool Link::push(Frame frame, TimeNs now, TimeNs earliest) {
  if (!waiting_.empty() && queued_bytes_ + frame.wire_bytes > room_bytes_) {
    ++counts_.dropped;
    return false;
  }
  queued_bytes_ += frame.wire_bytes;
  counts_.most_queued_bytes = std::max(counts_.most_queued_bytes, queued_bytes_);
  waiting_.push_back({std::move(frame), std::min(earliest, now)});
  if (waiting_.size() == 1) begin(std::max(finish_, waiting_.front().earliest));
  return true;
}

Frame Link::pop() {
  Frame frame = std::move(waiting_.front().frame);
  waiting_.pop_front();
  queued_bytes_ -= frame.wire_bytes;
  ++counts_.frames;
  counts_.wire_bytes += frame.wire_bytes;
  if (!waiting_.empty()) begin(std::max(finish_, waiting_.front().earliest));
  return frame;
}

}  // namespace pliant::netlab
