# What is frozen into the image; WATTSEAL_GEN holds what was generated from board.toml and from
# firmware/meters/*.toml. An image with a prompt has everything but the start file.
import os

freeze(os.environ["WATTSEAL_GEN"] + "/frozen", opt=3)
package("wire", base_path="../../../firmware", opt=3)
package("app", base_path="../../../firmware", opt=3)
module("port.py", base_path="../../../firmware/ports/rp2", opt=3)
module("uart_line.py", base_path="../../../firmware/ports", opt=3)
if os.environ["WATTSEAL_USB"] == "0" or os.environ["WATTSEAL_PROMPT"] == "1":
    module("uart_link.py", base_path="../../../firmware/ports", opt=3)
if os.environ["WATTSEAL_PROMPT"] == "0":
    module("main.py", base_path="../../../firmware", opt=3)
