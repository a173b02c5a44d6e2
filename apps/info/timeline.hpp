// Pliant's choices while a network changes.
#pragma once

#include <string>
#include <vector>

#include "apps/info/explain.hpp"

namespace pliant::info {

/// One step of a schedule.
struct TimelinePoint {
  double alpha_us = 0;
  double gbps = 0;
  std::vector<Pliant_Report> candidates;  ///< cheapest first
};

/// Answers `question` at each step of a schedule of pliant_netlab. The question's alpha and bandwidth are the
/// start of sine, step, walk and files. Throws apps::Refused, and Error if the schedule cannot be used.
std::vector<TimelinePoint> replay(const Question& question, const std::string& schedule, int steps);

std::string replay_json(const Question& question, const std::string& schedule,
                        const std::vector<TimelinePoint>& moments);
std::string replay_text(const Question& question, const std::string& schedule,
                        const std::vector<TimelinePoint>& moments);

}  // namespace pliant::info
