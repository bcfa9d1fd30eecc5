"""``doctor``: is this machine fit for the work, and how long will the work take here?"""
