// Names of the calls, as members of cuda::Calls are named: what failures and counts go by.
#pragma once

#include <array>
#include <string_view>

namespace pliant::test {

inline constexpr std::array<std::string_view, 21> kCallNames = {"driver_version",
                                                                "get_device_count",
                                                                "get_device",
                                                                "set_device",
                                                                "pointer_get_attributes",
                                                                "malloc",
                                                                "free",
                                                                "malloc_host",
                                                                "free_host",
                                                                "stream_create",
                                                                "stream_destroy",
                                                                "stream_synchronize",
                                                                "stream_wait_event",
                                                                "event_create",
                                                                "event_destroy",
                                                                "event_record",
                                                                "event_query",
                                                                "memcpy_async",
                                                                "memset_async",
                                                                "launch_kernel",
                                                                "resident_blocks"};

}  // namespace pliant::test
