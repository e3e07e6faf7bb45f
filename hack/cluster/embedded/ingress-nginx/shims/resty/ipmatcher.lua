-- Of features that are off here.
return { new = function() return nil, "resty.ipmatcher is not part of the test cluster" end }
