# What is frozen into the unix program; WATTSEAL_GEN as for the boards. `-m main` starts it.
import os

freeze(os.environ["WATTSEAL_GEN"] + "/frozen")
package("wire", base_path="../../../firmware")
package("app", base_path="../../../firmware")
module("port.py", base_path="../../../firmware/ports/unix")
module("main.py", base_path="../../../firmware")
