-- Of features that are off here.
return { new = function() return nil, "resty.global_throttle is not part of the test cluster" end }
