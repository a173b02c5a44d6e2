#include "apps/info/replay/trace.hpp"

#include <algorithm>

#include "apps/netlab/schedule.hpp"
#include "core/error.hpp"

namespace pliant::info {

std::vector<LinkModel> trace_of(const TraceOptions& options) {
  const double rate = kBitsPerByte / options.base.beta_s_per_byte;
  netlab::LinkSettings link{.up_bits_per_s = rate, .down_bits_per_s = rate, .delay_s = options.base.alpha_s};
  netlab::Schedule schedule = netlab::make_schedule(
      {.name = options.schedule, .seed = options.seed, .link = link, .hosts = netlab::kMostHosts});
  std::vector<LinkModel> links;
  for (int step = 0; step < options.steps; ++step) {
    for (; schedule.front() && schedule.front()->time_s <= step + 0.5; schedule.pop())
      netlab::assign(schedule.front()->assignments, link);
    const double slower = std::min(link.up_bits_per_s, link.down_bits_per_s);
    if (slower <= 0)
      throw Error(ErrorClass::argument,
                  quoted("schedule", options.schedule) + " cuts a link in step " + std::to_string(step),
                  "a cut link takes for ever", "Give it a rate");
    links.push_back({.alpha_s = link.delay_s, .beta_s_per_byte = kBitsPerByte / slower});
  }
  return links;
}

}  // namespace pliant::info
