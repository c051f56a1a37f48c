"""Writes what clients of a farm saw as a history (tests/history/README.md): a question before it is sent, its answer
after it came. Several threads write into one."""
import http.client
import json
import threading
import time

OUTAGE = (OSError, http.client.HTTPException, KeyError)


class History:
    def __init__(self, path):
        self.file, self.lock, self.ops = open(path, 'w'), threading.Lock(), 0

    def write(self, e, **fields):
        with self.lock:
            line = {'t': time.monotonic_ns() // 1000, 'e': e, **{k: v for k, v in fields.items() if v}}
            self.file.write(json.dumps(line) + '\n')

    def op(self):
        with self.lock:
            self.ops += 1
            return self.ops

    def close(self):
        self.file.close()


class ClientOf:
    """Asks through one relay of the farm and writes down what it asked and saw."""

    def __init__(self, farm, history, relay=0):
        self.farm, self.history, self.relay = farm, history, relay

    def submit(self, request, req, key=''):
        """The job's id when it was acknowledged; else the status, negative where there was no answer."""
        op = self.history.op()
        self.history.write('submit', op=op, tenant='default', key=key, job=request.get('id', ''), req=req,
                           needs=request.get('dependsOn'), max=request.get('maxAttempts', 0))
        headers = {'Idempotency-Key': key} if key else {}
        try:
            status, job, _ = self.farm.call('POST', '/v1/patches', request, self.relay, headers, timeout_s=8)
        except OUTAGE:
            status, job = -1, {}
        if status in (200, 202):
            self.history.write('submitted', op=op, status='accepted', job=job['id'], state=job.get('state', ''))
            return job['id']
        refused = 400 <= status < 500
        code = job.get('code', '') if isinstance(job, dict) else ''
        self.history.write('submitted', op=op, status='refused' if refused else 'unknown', code=code)
        return status

    def read(self, job_id, wait_s=0):
        op = self.history.op()
        self.history.write('read', op=op, job=job_id)
        try:
            status, job, _ = self.farm.call('GET', f'/v1/patches/{job_id}' + (f'?wait={wait_s}' if wait_s else ''), None,
                                            self.relay, timeout_s=8 + wait_s)
        except OUTAGE:
            status, job = -1, None
        if status == 200:
            self.history.write('shown', op=op, job=job_id, status='ok', state=job['state'], version=job['version'],
                               outcome=job.get('outcome', ''))
            return job
        self.history.write('shown', op=op, job=job_id, status='not_found' if status == 404 else 'unknown')
        return None

    def cancel(self, job_id):
        op = self.history.op()
        self.history.write('cancel', op=op, job=job_id)
        try:
            status, job, _ = self.farm.call('DELETE', f'/v1/patches/{job_id}', None, self.relay, timeout_s=8)
        except OUTAGE:
            status, job = -1, {}
        said = {200: 'ok', 202: 'ok', 404: 'not_found', 409: 'refused'}.get(status, 'unknown')
        self.history.write('cancelled', op=op, job=job_id, status=said,
                           state=job.get('state', '') if said == 'ok' else '',
                           version=job.get('version', 0) if said == 'ok' else 0)
        return said
