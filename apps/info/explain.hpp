// Pliant's choice on a network given by numbers, without measuring one.
#pragma once

#include <pliant/pliant.h>

#include <string>
#include <vector>

namespace pliant::info {

/// The question from the command line.
struct Question {
  int ranks = 0;
  double alpha_us = 0;  ///< [us] latency of a message
  double gbps = 0;      ///< [Gbit/s] bandwidth of a link
  std::int64_t count = 0;
  double density = 0.01;
  std::string model = "measured";  ///< or "paper"
};

/// Every candidate, cheapest first. Throws apps::Refused.
std::vector<Pliant_Report> explain(const Question& question);

std::string explanation_json(const Question& question, const std::vector<Pliant_Report>& candidates);
std::string explanation_text(const Question& question, const std::vector<Pliant_Report>& candidates);

}  // namespace pliant::info
