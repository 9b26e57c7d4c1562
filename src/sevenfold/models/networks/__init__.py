"""Networks: built here, taught by the one gradient loop in `training`."""
