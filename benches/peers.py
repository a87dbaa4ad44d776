"""The measuring of peers.sh: writes the workload in both languages, runs both programs in turn, prints medians and ratios."""
import os
import statistics
import subprocess
import sys
import time

folder, base, slow, assay, runs = sys.argv[1:5] + [int(sys.argv[5])]


def suite(cases):
    head = "suite: peer\ntitle: Reads\nfhir: [R4]\ncases:\n"
    case = """  - id: read-{n}
    title: A read
    needs: {{ Patient: {{ interaction: [read] }} }}
    steps:
      - read: Patient/x
        expect:
          - requirement: read.returns-current
            status: 200
            headers: {{ Content-Type: {{ media-type: application/fhir+json }}, ETag: 'W/"1"' }}
            body: {{ like: {{ json: {{ resourceType: Patient, gender: female, birthDate: '1815-12-10' }} }} }}
"""
    return head + "".join(case.format(n=n) for n in range(cases))


def hurl(cases, url):
    entry = """GET {url}/Patient/x
HTTP 200
[Asserts]
header "Content-Type" startsWith "application/fhir+json"
header "ETag" == "W/\\"1\\""
jsonpath "$.resourceType" == "Patient"
jsonpath "$.gender" == "female"
jsonpath "$.birthDate" == "1815-12-10"

"""
    return "".join(entry.format(url=url, n=n) for n in range(cases))


def write(name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def measured(command):
    """Wall and CPU seconds and peak memory in MB of one run."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def pair(title, ours, theirs):
    measured(ours), measured(theirs)
    rows = [(measured(ours), measured(theirs)) for _ in range(runs)]
    median = statistics.median
    ratio = lambda i: median(a[i] / b[i] for a, b in rows)
    us = [median(a[i] for a, _ in rows) for i in range(3)]
    them = [median(b[i] for _, b in rows) for i in range(3)]
    print(f"{title}\n  fhir-assay {us[0]:.3f} s wall, {us[1]:.3f} s CPU, {us[2]:.0f} MB"
          f"\n  hurl       {them[0]:.3f} s wall, {them[1]:.3f} s CPU, {them[2]:.0f} MB"
          f"\n  ratio      {ratio(0):.2f} wall, {ratio(1):.2f} CPU")


def ours(name, cases, url, reports):
    # One report is the least that can be asked for; the console's is the smallest.
    outputs = [f"--report={kind}={folder}/out/{kind}" for kind in reports]
    return [assay, "run", url, "--quiet", "--suite", write(f"{name}.yaml", suite(cases)), *outputs]


def theirs(name, cases, url):
    return ["hurl", "--no-output", write(f"{name}.hurl", hurl(cases, url))]


plain, full = ["console"], ["junit", "json", "html"]
pair("1,000 requests, one file", ours("thousand", 1000, base, plain), theirs("thousand", 1000, base))
pair("1,000 requests, with JUnit, JSON and HTML", ours("reports", 1000, base, full),
     theirs("reports", 1000, base) + [f"--report-junit={folder}/hurl.xml", f"--report-json={folder}/hurl-json",
                                      f"--report-html={folder}/hurl-html"])
pair("1,000 requests, with reports against hurl without", ours("reports", 1000, base, full), theirs("plain", 1000, base))
pair("start-up: one case", ours("one", 1, base, plain), theirs("one", 1, base))
pair("300 requests at 20 ms, default settings", ours("latency", 300, slow, plain), theirs("latency", 300, slow))
# Ten files: one file may hold 250,000 values at most.
os.makedirs(os.path.join(folder, "many"), exist_ok=True)
for number in range(10):
    write(f"many/{number}.yaml", suite(1000).replace("suite: peer", f"suite: peer-{number}"))
many = ours("many", 1, base, full)
many[many.index("--suite") + 1] = os.path.join(folder, "many")
wall, cpu, memory = measured(many)
print(f"10,000 requests with JUnit, JSON and HTML\n  fhir-assay {wall:.3f} s wall, {cpu:.3f} s CPU, {memory:.0f} MB")
