// What Pliant would choose while a network changes.
#pragma once

#include <string>
#include <vector>

#include "apps/info/explain.hpp"

namespace pliant::info {

/// One step of a schedule.
struct Moment {
  double alpha_us = 0;
  double gbps = 0;
  std::vector<Pliant_Report> candidates;  ///< cheapest first
};

/// `question` at each step of a schedule (pliant_netlab's; its alpha and bandwidth are where sine, step, walk
/// and files begin). Throws apps::Refused, or Error where the schedule cannot be used.
std::vector<Moment> replay(const Question& question, const std::string& schedule, int steps);

std::string replay_json(const Question& question, const std::string& schedule,
                        const std::vector<Moment>& moments);
std::string replay_text(const Question& question, const std::string& schedule,
                        const std::vector<Moment>& moments);

}  // namespace pliant::info
