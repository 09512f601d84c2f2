"""What the recorded scenarios need of the PBX beyond the lab's own plan: numbers, queues and a parking lot."""

from __future__ import annotations

import re

from dialplan.model import Step
from dialplan.render import render
from lab.pbx import Pbx
from lab.plan import contexts

EXTENSIONS = """\
[recorded]
exten => 74950000011,1,Answer()
 same => n,Queue(linear,,,,30)
exten => 74950000012,1,Answer()
 same => n,Queue(memory,,,,30)
exten => 74950000013,1,Answer()
 same => n,Queue(through,,,,30)
exten => 74950000014,1,Answer()
 same => n,Queue(through_n,,,,30)
exten => 74950000015,1,Answer()
 same => n,Queue(short,,,,2)
 same => n,UserEvent(TrubkaQueue,Queue: short,Status: ${QUEUESTATUS})
 same => n,Hangup()
exten => 74950000016,1,Answer()
 same => n,Queue(nobody,,,,30)
 same => n,UserEvent(TrubkaQueue,Queue: nobody,Status: ${QUEUESTATUS})
 same => n,Hangup()
exten => 74950000017,1,Answer()
 same => n,Queue(leaves,,,,30)
 same => n,UserEvent(TrubkaQueue,Queue: leaves,Status: ${QUEUESTATUS})
 same => n,Hangup()
exten => 74950000018,1,Answer()
 same => n,Queue(one,,,,30)
 same => n,UserEvent(TrubkaQueue,Queue: one,Status: ${QUEUESTATUS})
 same => n,Hangup()
exten => 74950000021,1,Dial(PJSIP/101&PJSIP/102,30,tk)
 same => n,Hangup(${HANGUPCAUSE})
exten => 74950000022,1,Dial(Local/forwarded@colleagues,30)
 same => n,Hangup(${HANGUPCAUSE})
exten => 74950000023,1,Dial(PJSIP/103,30,U(accept))
 same => n,Hangup(${HANGUPCAUSE})
exten => 74950000024,1,Dial(PJSIP/103,30,U(decline))
 same => n,Hangup(17)
exten => 74950000025,1,Answer()
 same => n,ConfBridge(room)
exten => 74950000026,1,Dial(PJSIP/101,2)
 same => n,Dial(PJSIP/102,30)
 same => n,Hangup(${HANGUPCAUSE})
exten => 74950000027,1,Answer()
 same => n,Wait(1)
 same => n,Dial(Local/101@colleagues&Local/102@colleagues,30)
 same => n,Hangup(${HANGUPCAUSE})
exten => 74950000028,1,Dial(PJSIP/101,2)
 same => n,Answer()
 same => n,UserEvent(TrubkaVoicemail)
 same => n,Wait(30)
 same => n,Hangup()

[colleagues-custom]
exten => 620,1,Dial(PJSIP/101&PJSIP/102,30,tk)
 same => n,Hangup(${HANGUPCAUSE})
exten => 625,1,Answer()
 same => n,ConfBridge(room)
exten => 631,1,PickupChan(PJSIP/103,p)
 same => n,Hangup()
exten => 640,1,Park(quick)
exten => 651,1,Answer()
 same => n,ChanSpy(PJSIP/103,q)
exten => forwarded,1,Dial(PJSIP/101,30)

[accept]
exten => s,1,Wait(1)
 same => n,Return()

[decline]
exten => s,1,Wait(1)
 same => n,Set(GOSUB_RESULT=CONTINUE)
 same => n,Return()
"""
DIDS = re.findall(r"exten => (7\d{10}),1", EXTENSIONS)
QUEUES = """
[linear]
strategy=linear
retry=1
ringinuse=no
timeout=1
member => PJSIP/101,0
member => PJSIP/102,0

[memory]
strategy=rrmemory
retry=1
ringinuse=no
timeout=1
member => PJSIP/101,0
member => PJSIP/102,0

[through](office)
member => Local/101@colleagues,0,Anna,PJSIP/101

[through_n](office)
member => Local/101@colleagues/n,0,Anna,PJSIP/101

[short](office)
member => PJSIP/101,0

[nobody](office)
joinempty=no

[leaves](office)
leavewhenempty=yes
joinempty=yes

[one](office)
maxlen=1
member => PJSIP/101,0
"""
PARKING = """
[quick]
context=quick-parked
parkpos=741-742
parkingtime=3
comebacktoorigin=yes
"""


def add(pbx: Pbx) -> None:
    """Load it all into a running PBX."""
    etc = pbx.home / "etc"
    recorded = {did: (Step(app="Goto", args=("recorded", did, "1")),) for did in DIDS}
    (etc / "extensions_custom.conf").write_text(EXTENSIONS, encoding="utf-8")
    for name, more in (("queues.conf", QUEUES), ("res_parking.conf", PARKING)):
        present = (etc / name).read_text(encoding="utf-8")
        (etc / name).write_text(present.replace("wrapuptime=3", "wrapuptime=0") + more, encoding="utf-8")
    pbx.reload_dialplan(render(contexts(recorded)))
    pbx.console("module reload app_queue.so")
    pbx.console("module reload res_parking.so")
