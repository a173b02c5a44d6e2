#include "apps/netlab/fabric.hpp"

#include <algorithm>
#include <utility>

namespace pliant::netlab {
namespace {

/// Of all links, the one whose front frame leaves first.
struct Earliest {
  TimeNs time = kNever;
  int host = -1;
  bool is_up = false;

  void consider(const Link& link, int link_host, bool link_is_up) {
    if (link.next() < time) *this = {link.next(), link_host, link_is_up};
  }
};

}  // namespace

Fabric::Fabric(int hosts, std::uint64_t seed, Deliver deliver)
    : ends_(static_cast<std::size_t>(hosts)),
      last_arrival_(ends_.size() * ends_.size(), 0),
      random_(seed),
      deliver_(std::move(deliver)) {
  for (int host = 0; host < hosts; ++host) set(host, {}, 0);
}

void Fabric::set(int host, const LinkSettings& settings, TimeNs now) {
  End& end = at(host);
  end.settings = settings;
  end.up.set_rate(settings.up_bits_per_s, now);
  end.down.set_rate(settings.down_bits_per_s, now);
  const auto room = [&](double rate) {
    return settings.queue_bytes > 0 ? settings.queue_bytes : default_queue_bytes(rate, settings.delay_s);
  };
  const auto burst = static_cast<std::int64_t>(kHostBurst_s * settings.up_bits_per_s / 8);
  end.up.set_queue_bytes(room(settings.up_bits_per_s) + burst);
  end.down.set_queue_bytes(room(settings.down_bits_per_s));
}

void Fabric::send(Frame frame, TimeNs now) {
  Link& up = at(frame.source).up;
  up.push(std::move(frame), now, now);
}

TimeNs Fabric::next() const {
  TimeNs time = travelling_.empty() ? kNever : travelling_.top().arrival;
  for (const End& end : ends_) time = std::min({time, end.up.next(), end.down.next()});
  return time;
}

void Fabric::advance(TimeNs now) {
  while (true) {
    Earliest link;
    for (int host = 0; host < hosts(); ++host) {
      link.consider(at(host).up, host, true);
      link.consider(at(host).down, host, false);
    }
    const TimeNs arrival = travelling_.empty() ? kNever : travelling_.top().arrival;
    if (std::min(link.time, arrival) > now) return;
    if (arrival <= link.time) {
      arrive();
    } else if (link.is_up) {
      leave(link.host);
    } else {
      deliver_(at(link.host).down.pop(), link.time);
    }
  }
}

/// Handles a front frame that has left a host's up link.
void Fabric::leave(int host) {
  Link& up = at(host).up;
  const TimeNs departure = up.next();
  Frame frame = up.pop();
  frame.transmission_ns = to_ns(8.0 * frame.wire_bytes / up.rate());
  if (frame.destination != kEveryone) return travel(std::move(frame), departure);
  for (int other = 0; other < hosts(); ++other) {
    if (other == host) continue;
    Frame copy = frame;
    copy.destination = other;
    travel(std::move(copy), departure);
  }
}

void Fabric::travel(Frame frame, TimeNs departure) {
  TimeNs& last = last_arrival_[static_cast<std::size_t>(frame.source * hosts() + frame.destination)];
  last = std::max(last, departure + delay(frame.source, frame.destination));
  travelling_.push({last, number_++, std::move(frame)});
}

/// Handles the first travelling frame when its last bit reaches the receiver's down link. Its first bit
/// arrived
/// earlier: by the time the frame took on the up link, or by its time on the down link if that is faster.
void Fabric::arrive() {
  const TimeNs arrival = travelling_.top().arrival;
  Frame frame = std::move(travelling_.top().frame);
  travelling_.pop();
  Link& down = at(frame.destination).down;
  TimeNs head_start = 0;
  if (down.rate() > 0)
    head_start = std::min(frame.transmission_ns, to_ns(8.0 * frame.wire_bytes / down.rate()));
  down.push(std::move(frame), arrival, arrival - head_start);
}

/// One-way delay, jitter included.
TimeNs Fabric::delay(int source, int destination) {
  const LinkSettings& a = at(source).settings;
  const LinkSettings& b = at(destination).settings;
  double delay_s = (a.delay_s + b.delay_s) / 2;
  const double jitter_s = (a.jitter_s + b.jitter_s) / 2;
  if (jitter_s > 0) delay_s += std::uniform_real_distribution<double>(-jitter_s, jitter_s)(random_);
  return to_ns(std::max(0.0, delay_s));
}

}  // namespace pliant::netlab
