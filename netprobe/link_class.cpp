#include "netprobe/link_class.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/stats.hpp"

namespace pliant {
namespace {

using Links = std::vector<const LinkFit*>;

/// Lower median over the measured links; 0 if there are none.
template <class Value>
double median_of(const Links& links, Value&& value) {
  std::vector<double> values;
  for (const LinkFit* link : links)
    if (is_measured(link->typical.line())) values.push_back(value(*link));
  if (values.empty()) return 0;
  return lower_median(std::span(values));
}

LinkEstimate median_estimate(const Links& links) {
  LinkEstimate result;
  for (const auto member : {&LinkEstimate::alpha_s, &LinkEstimate::alpha_low_s, &LinkEstimate::alpha_high_s,
                            &LinkEstimate::beta_s_per_byte, &LinkEstimate::beta_low_s_per_byte,
                            &LinkEstimate::beta_high_s_per_byte})
    result.*member = median_of(links, [&](const LinkFit& link) { return link.typical.*member; });
  for (const LinkFit* link : links) result.samples += link->typical.samples;
  result.same_host = links.front()->typical.same_host;
  return result;
}

LinkClass class_of(const Links& links) {
  LinkClass found;
  found.same_host = links.front()->typical.same_host;
  found.links = static_cast<int>(links.size());
  found.typical = median_estimate(links);
  found.floor = {median_of(links, [](const LinkFit& link) { return link.floor.alpha_s; }),
                 median_of(links, [](const LinkFit& link) { return link.floor.beta_s_per_byte; })};
  std::vector<double> held_out;
  for (const LinkFit* link : links) {
    found.rejected += link->rejected;
    found.impossible += link->impossible;
    found.held_out_sizes += link->held_out_sizes;
    found.held_out_worst = std::max(found.held_out_worst, link->held_out_worst);
    if (link->held_out_sizes > 0) held_out.push_back(link->held_out_median);
  }
  if (!held_out.empty()) found.held_out_median = median(held_out);
  return found;
}

double time_s(const LinkEstimate& link, double bytes) {
  return link.alpha_s + bytes * link.beta_s_per_byte;
}

}  // namespace

std::vector<LinkClass> classes_of(std::span<const LinkFit> links) {
  std::vector<LinkClass> classes;
  for (const bool same_host : {true, false}) {
    Links members;
    for (const LinkFit& link : links)
      if (link.typical.same_host == same_host) members.push_back(&link);
    if (!members.empty()) classes.push_back(class_of(members));
  }
  return classes;
}

double slowness(const LinkFit& link, std::span<const LinkClass> classes) {
  for (const LinkClass& of : classes) {
    const double usual_s = time_s(of.typical, kSlowBytes);
    if (of.same_host == link.typical.same_host && usual_s > 0)
      return time_s(link.typical, kSlowBytes) / usual_s;
  }
  return 1;
}

Contention contention_of(std::span<const CrowdTime> times, int pairs, double bytes) {
  std::vector<double> factors;
  for (const CrowdTime& time : times) {
    const double factor = time.among_s / time.alone_s;
    if (time.alone_s > 0 && time.among_s > 0 && std::isfinite(factor)) factors.push_back(factor);
  }
  if (pairs < 2 || factors.empty()) return {};
  return {pairs, bytes, median(factors)};
}

}  // namespace pliant
