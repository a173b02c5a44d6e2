// Calls of Pliant and MPI whose failure ends the program.
#pragma once

#include <stdexcept>
#include <string>

namespace pliant::apps {

/// The library refused something; what() is its message.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The library's own text for an error code: problem, rule, what to do. Before MPI_Init the library has
/// written that to stderr already.
std::string error_text(int code);

/// Throws Refused with that text unless `code` is MPI_SUCCESS.
void check(int code);

}  // namespace pliant::apps
